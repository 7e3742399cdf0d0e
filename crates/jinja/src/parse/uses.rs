//! Statements that name other templates, and blocks.

use super::Parser;
use super::ast::{BlockCode, Name, Piece, Scope, Stmt, StmtKind};
use super::lexer::is_space;
use crate::error::{At, Res};
use std::rc::Rc;

impl Parser<'_> {
    pub(super) fn block(&mut self, at: At) -> Res<StmtKind> {
        let (name, _) = self.expect_name()?;
        let scoped = self.skip_name("scoped");
        let required = self.skip_name("required");
        if self.is_op("-") {
            return self.fail("a block's name has no hyphens: use an underscore", self.at());
        }
        let body = self.closed_body(&["endblock"])?;
        if required && !body.iter().all(blank) {
            return self.fail("required blocks can only contain comments or whitespace", at);
        }
        self.skip_name(&name);
        if self.blocks.iter().any(|b| b.name == name) {
            return self.fail(format!("block '{name}' defined twice"), at);
        }
        self.blocks.push(BlockCode {
            name: name.clone(),
            body,
            scope: Scope::default(),
            size: 0,
            self_slot: None,
            super_slot: None,
        });
        Ok(StmtKind::Block { name, scoped, required, top: false, locals: Vec::new() })
    }

    pub(super) fn extends(&mut self) -> Res<StmtKind> {
        self.extends = true;
        Ok(StmtKind::Extends { template: self.expression()? })
    }

    fn import_context(&mut self, default: bool) -> bool {
        for (word, with) in [("with", true), ("without", false)] {
            if self.is_name(word) && self.looks_name("context") {
                self.position += 2;
                return with;
            }
        }
        default
    }

    pub(super) fn include(&mut self) -> Res<StmtKind> {
        let template = self.expression()?;
        let ignore_missing = self.is_name("ignore") && self.looks_name("missing");
        self.position += if ignore_missing { 2 } else { 0 };
        let with_context = self.import_context(true);
        Ok(StmtKind::Include { template, ignore_missing, with_context, locals: Vec::new() })
    }

    pub(super) fn import(&mut self) -> Res<StmtKind> {
        let template = self.expression()?;
        self.expect_word("as")?;
        let (target, _) = self.target_name()?;
        let with_context = self.import_context(false);
        Ok(StmtKind::Import { template, target, with_context, top: false, locals: Vec::new() })
    }

    pub(super) fn import_names(&mut self) -> Res<StmtKind> {
        let template = self.expression()?;
        self.expect_word("import")?;
        let mut names: Vec<(Rc<str>, Name)> = Vec::new();
        let mut with_context = None;
        let given = |p: &Self| (p.is_name("with") || p.is_name("without")) && p.looks_name("context");
        loop {
            if !names.is_empty() {
                self.expect_op(",")?;
            }
            if given(self) {
                with_context = Some(self.import_context(false));
                break;
            }
            let (target, at) = self.target_name()?;
            if target.name.starts_with('_') {
                return self.fail("names starting with an underline can not be imported", at);
            }
            let alias =
                if self.skip_name("as") { self.target_name()?.0 } else { self.name(target.name.clone()) };
            names.push((target.name, alias));
            if given(self) {
                with_context = Some(self.import_context(false));
                break;
            }
            if !self.is_op(",") {
                break;
            }
        }
        Ok(StmtKind::FromImport {
            template,
            names,
            with_context: with_context.unwrap_or(false),
            top: false,
            locals: Vec::new(),
        })
    }
}

fn blank(statement: &Stmt) -> bool {
    match &statement.kind {
        StmtKind::Output(pieces) => pieces.iter().all(|p| match p {
            Piece::Data(text) => text.chars().all(is_space),
            Piece::Expr(_) => false,
        }),
        _ => false,
    }
}
