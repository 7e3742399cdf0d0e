//! A template as a tree.

use super::Syntax;
use crate::error::At;
use crate::filters::FilterFn;
use crate::tests::TestFn;
use crate::value::V;
use std::rc::Rc;

/// Which variable of which function a name is. `u32::MAX` until scopes are resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot {
    /// How many functions (root, block, macro, recursive loop) outwards.
    pub hops: u32,
    /// Which of its variables.
    pub index: u32,
}

impl Slot {
    pub const NONE: Slot = Slot { hops: 0, index: u32::MAX };
}

/// What a scope does to a variable when it is entered.
#[derive(Clone, Debug)]
pub(crate) enum Load {
    /// Whoever enters sets it.
    Parameter,
    /// It is looked up in the context.
    Resolve(Rc<str>),
    /// It starts as a variable further out.
    Alias(Slot),
    /// It starts unset.
    Undefined,
}

/// The variables of a scope.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    pub loads: Vec<(u32, Load)>,
}

pub(crate) struct Expr {
    pub at: At,
    /// How deep the tree below is.
    pub depth: u16,
    pub kind: ExprKind,
}

pub(crate) struct Name {
    pub name: Rc<str>,
    pub slot: Slot,
    /// When it is looked up in the context, that is reported under this number.
    pub read: bool,
}

pub(crate) enum ExprKind {
    Const(V),
    Name(Name),
    /// `ns.attr` as a target.
    NamespaceRef {
        name: Name,
        attr: Rc<str>,
    },
    Tuple(Vec<Expr>),
    List(Vec<Expr>),
    Dict(Vec<(Expr, Expr)>),
    Cond {
        test: Box<Expr>,
        then: Box<Expr>,
        other: Option<Box<Expr>>,
    },
    Filter(Box<Filter>),
    Test(Box<Test>),
    Call(Box<Call>),
    Attr(Box<Expr>, Rc<str>),
    Item(Box<Expr>, Box<Expr>),
    Slice(Box<Expr>, Box<[Option<Expr>; 3]>),
    Concat(Vec<Expr>),
    Compare(Box<Expr>, Vec<(Comparison, Expr)>),
    Binary(Operator, Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Negative(Box<Expr>),
    Positive(Box<Expr>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    Mod,
    Pow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    NotIn,
}

#[derive(Default)]
pub(crate) struct Arguments {
    pub positional: Vec<Expr>,
    pub named: Vec<(Rc<str>, Expr)>,
    pub star: Option<Expr>,
    pub double_star: Option<Expr>,
}

impl Arguments {
    pub fn is_empty(&self) -> bool {
        let Arguments { positional, named, star, double_star } = self;
        positional.is_empty() && named.is_empty() && star.is_none() && double_star.is_none()
    }
}

pub(crate) struct Filter {
    /// Nothing in `{% filter … %}` and `{% set x | … %}`: there it is the text so far.
    pub on: Option<Expr>,
    pub name: Rc<str>,
    pub arguments: Arguments,
    /// Nothing for a name nobody knows, which is an error when it is used.
    pub function: Option<FilterFn>,
}

pub(crate) struct Test {
    pub on: Expr,
    pub name: Rc<str>,
    pub arguments: Arguments,
    pub function: Option<TestFn>,
}

pub(crate) struct Call {
    pub on: Expr,
    pub arguments: Arguments,
}

pub(crate) struct Stmt {
    pub at: At,
    pub kind: StmtKind,
}

pub(crate) enum Piece {
    Data(Rc<str>),
    Expr(Expr),
}

pub(crate) enum StmtKind {
    Output(Vec<Piece>),
    For(Rc<For>),
    If {
        branches: Vec<(Expr, Vec<Stmt>)>,
        other: Vec<Stmt>,
    },
    With {
        targets: Vec<Expr>,
        values: Vec<Expr>,
        body: Vec<Stmt>,
        scope: Scope,
    },
    Set {
        target: Expr,
        value: Expr,
        top: bool,
    },
    SetBlock {
        target: Expr,
        filter: Option<Expr>,
        body: Vec<Stmt>,
        scope: Scope,
        top: bool,
    },
    FilterBlock {
        filter: Expr,
        body: Vec<Stmt>,
        scope: Scope,
    },
    Macro {
        code: Rc<MacroCode>,
        target: Name,
        top: bool,
    },
    CallBlock {
        code: Rc<MacroCode>,
        call: Expr,
    },
    Block {
        name: Rc<str>,
        scoped: bool,
        required: bool,
        top: bool,
        locals: Vec<(Rc<str>, Slot)>,
    },
    Extends {
        template: Expr,
    },
    Include {
        template: Expr,
        ignore_missing: bool,
        with_context: bool,
        locals: Vec<(Rc<str>, Slot)>,
    },
    Import {
        template: Expr,
        target: Name,
        with_context: bool,
        top: bool,
        locals: Vec<(Rc<str>, Slot)>,
    },
    FromImport {
        template: Expr,
        names: Vec<(Rc<str>, Name)>,
        with_context: bool,
        top: bool,
        locals: Vec<(Rc<str>, Slot)>,
    },
    Do(Expr),
    Scope {
        body: Vec<Stmt>,
        scope: Scope,
        escape: Expr,
    },
    Break,
    Continue,
}

pub(crate) struct For {
    pub target: Expr,
    /// The target again, for the function of the condition.
    pub test_target: Option<Expr>,
    pub iter: Expr,
    pub body: Vec<Stmt>,
    pub other: Vec<Stmt>,
    pub test: Option<Expr>,
    pub recursive: bool,
    /// Where `loop` goes, when it is used.
    pub loop_slot: Option<Slot>,
    pub scope: Scope,
    pub other_scope: Scope,
    pub test_scope: Scope,
    /// Variables of the function of a recursive loop, and of the condition's.
    pub size: u32,
    pub test_size: u32,
}

/// The body of a macro or a call block.
pub(crate) struct MacroCode {
    pub at: At,
    /// Nothing for a call block.
    pub name: Option<Rc<str>>,
    pub arguments: Vec<Name>,
    /// For the last arguments.
    pub defaults: Vec<Expr>,
    pub body: Vec<Stmt>,
    pub scope: Scope,
    pub size: u32,
    pub caller: Option<Slot>,
    pub kwargs: Option<Slot>,
    pub varargs: Option<Slot>,
}

/// `{% block %}`: a function of its own.
pub(crate) struct BlockCode {
    pub name: Rc<str>,
    pub body: Vec<Stmt>,
    pub scope: Scope,
    pub size: u32,
    pub self_slot: Option<Slot>,
    pub super_slot: Option<Slot>,
}

/// A template that was read.
pub(crate) struct Template {
    /// Its name, which is its file in diagnostics.
    pub name: Rc<str>,
    pub body: Vec<Stmt>,
    pub scope: Scope,
    pub size: u32,
    pub self_slot: Option<Slot>,
    pub blocks: Vec<Rc<BlockCode>>,
    /// Whether an `extends` stands anywhere.
    pub extends: bool,
    /// How what it includes is read.
    pub syntax: Syntax,
    /// How many line ends its text ends with.
    pub line_ends: usize,
}

impl Template {
    /// With as many line ends as the template has, as Ansible's engine keeps them.
    pub fn with_line_ends(&self, value: V) -> V {
        let (V::Str(text) | V::Safe(text)) = &value else { return value };
        let there = text.bytes().rev().take_while(|b| *b == b'\n').count();
        match self.line_ends.checked_sub(there) {
            None | Some(0) => value,
            Some(more) => V::from(format!("{text}{}", "\n".repeat(more))),
        }
    }
}
