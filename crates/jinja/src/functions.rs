//! Functions every template has.

use crate::error::{Fault, Res};
use crate::methods;
use crate::run::{Args, Context, Interp, Names, Out};
use crate::value::{Namespace, Object, Range, V, is_template};
use std::cell::RefCell;
use std::rc::Rc;

/// A function every template has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `range`
    Range,
    /// `dict`
    Dict,
    /// `cycler`
    Cycler,
    /// `joiner`
    Joiner,
    /// `namespace`
    Namespace,
    /// `lipsum`
    Lipsum,
    /// `lookup`
    Lookup,
    /// `query`, `q`
    Query,
    /// `now`
    Now,
    /// `undef`
    Undef,
    /// `omit`, which is no function but a value only modules understand
    Omit,
}

/// The function of a name.
pub(crate) fn global(name: &str) -> Option<V> {
    let function = match name {
        "range" => Function::Range,
        "dict" => Function::Dict,
        "cycler" => Function::Cycler,
        "joiner" => Function::Joiner,
        "namespace" => Function::Namespace,
        "lipsum" => Function::Lipsum,
        "lookup" => Function::Lookup,
        "query" | "q" => Function::Query,
        "now" => Function::Now,
        "undef" => Function::Undef,
        "omit" => Function::Omit,
        _ => return None,
    };
    Some(V::obj(Object::Function(function)))
}

/// Whether it decides itself about arguments that are undefined.
pub(crate) fn sees_missing(object: &Object) -> bool {
    matches!(object, Object::Function(Function::Lookup | Function::Query | Function::Undef))
}

pub(crate) fn call(interp: &mut Interp<'_>, function: Function, args: Args) -> Res<V> {
    match function {
        Function::Range => range(args),
        Function::Dict => Ok(V::dict(methods::dict::entries(interp, "dict", args)?)),
        Function::Cycler => {
            if args.positional.is_empty() {
                return Err(Fault::failed("at least one item has to be provided"));
            }
            if !args.named.is_empty() {
                return Err(Fault::failed("cycler takes no keyword arguments"));
            }
            Ok(V::obj(Object::Cycler { items: args.positional, position: RefCell::new(0) }))
        }
        Function::Joiner => {
            let [separator] = args.take("joiner", ["sep"], 0)?;
            let separator = separator.unwrap_or_else(|| V::from(", "));
            Ok(V::obj(Object::Joiner { separator, used: RefCell::new(false) }))
        }
        Function::Namespace => {
            let mut names = Names::default();
            for (key, value) in methods::dict::entries(interp, "namespace", args)? {
                match key.value().as_str() {
                    Some(name) => names.insert(name.clone(), value),
                    None => return Err(Fault::failed("a namespace's names are texts")),
                };
            }
            Ok(V::obj(Object::Namespace(Namespace(RefCell::new(names)))))
        }
        Function::Lookup => lookup(interp, args, false),
        Function::Query => lookup(interp, args, true),
        Function::Undef => {
            let [hint] = args.take("undef", ["hint"], 0)?;
            let hint = match hint {
                Some(V::Str(hint) | V::Safe(hint)) => hint.to_string(),
                _ => "a value that must be overridden".to_owned(),
            };
            Ok(interp.undefined_hint(hint, "undef"))
        }
        Function::Now => {
            let [utc, format] = args.take("now", ["utc", "fmt"], 0)?;
            if !utc.map_or(Ok(false), |u| u.truth())? {
                return Err(Fault::unsupported("`now()` in local time is not supported")
                    .with_help("write `now(utc=true)`"));
            }
            let seconds = interp.world.now()?;
            match format {
                Some(V::Str(format)) => crate::filters::time::strftime(&format, seconds).map(V::from),
                _ => Ok(V::from(crate::filters::time::datetime(seconds)?)),
            }
        }
        Function::Lipsum => Err(Fault::unsupported("the function `lipsum` is not supported: it is random")),
        Function::Omit => Err(Fault::unsupported("`omit` has a meaning for Ansible's modules only")),
    }
}

fn range(args: Args) -> Res<V> {
    let int = |v: &V| match v {
        V::Undefined(u) => Err(u.fault()),
        other => other.as_int().ok_or_else(|| {
            Fault::failed(format!("'{}' object cannot be interpreted as an integer", other.type_name()))
        }),
    };
    if !args.named.is_empty() {
        return Err(Fault::failed("range() takes no keyword arguments"));
    }
    let (start, stop, step) = match &args.positional[..] {
        [stop] => (0, int(stop)?, 1),
        [start, stop] => (int(start)?, int(stop)?, 1),
        [start, stop, step] => (int(start)?, int(stop)?, int(step)?),
        other => return Err(Fault::failed(format!("range expected 1 to 3 arguments, got {}", other.len()))),
    };
    if step == 0 {
        return Err(Fault::failed("range() arg 3 must not be zero"));
    }
    Ok(V::obj(Object::Range(Range { start, stop, step })))
}

fn lookup(interp: &mut Interp<'_>, mut args: Args, query: bool) -> Res<V> {
    if args.positional.is_empty() {
        return Err(Fault::failed("lookup takes the name of a lookup"));
    }
    let name = args.positional.remove(0);
    let Some(name) = name.as_str().cloned() else {
        return Err(Fault::failed("the name of a lookup is a text"));
    };
    let want_list = match args.named("wantlist") {
        Some(want) => want.truth()? || query,
        None => query,
    };
    let errors = args.named("errors");
    let ignored = errors.as_ref().and_then(V::as_str).is_some_and(|e| matches!(&**e, "ignore" | "warn"));
    let plain = name.strip_prefix("ansible.builtin.").unwrap_or(&name);
    if plain != "env"
        && let Some(missing) = interp.first_missing(None, &args)
    {
        return Ok(missing);
    }
    let found = match answers(interp, plain, args) {
        Err(fault) if ignored && fault.kind == crate::error::Kind::Failed => {
            return Ok(if want_list { V::list(Vec::new()) } else { V::None });
        }
        found => found?,
    };
    if want_list || found.is_empty() {
        return Ok(V::list(found));
    }
    // Ansible joins texts by commas, and gives one answer as it is.
    if found.len() == 1 {
        return Ok(found.into_iter().next().unwrap_or(V::None));
    }
    if found.iter().all(|v| v.as_str().is_some()) {
        let texts: Vec<&str> = found.iter().filter_map(|v| v.as_str().map(|t| &**t)).collect();
        return Ok(V::from(texts.join(",")));
    }
    Ok(V::list(found))
}

fn text_term(interp: &Interp<'_>, term: &V, what: &str) -> Res<Rc<str>> {
    match term {
        V::Str(text) | V::Safe(text) if interp.engine.options().templar && is_template(text) => {
            Err(Fault::unsupported(format!("a template inside a string of lookup('{what}')"))
                .with_help("name the variable instead: `lookup('file', folder ~ '/name')`"))
        }
        V::Str(text) | V::Safe(text) => Ok(text.clone()),
        V::Undefined(u) => Err(u.fault()),
        other => Err(Fault::failed(format!("lookup('{what}') takes texts, not a {}", other.type_name()))),
    }
}

fn answers(interp: &mut Interp<'_>, name: &str, mut args: Args) -> Res<Vec<V>> {
    let given = std::mem::take(&mut args.positional);
    let default = args.named("default");
    let bare = |args: &Args| match args.named.first() {
        Some((option, _)) => {
            Err(Fault::unsupported(format!("the option `{option}` of lookup('{name}') is not supported")))
        }
        None => Ok(()),
    };
    let mut out = Vec::new();
    match name {
        "env" => {
            bare(&args)?;
            for term in given {
                let term = text_term(interp, &term, name)?;
                let Some(variable) = term.split_whitespace().next() else {
                    return Err(Fault::failed("lookup('env') takes the name of a variable"));
                };
                out.push(match (interp.world.env(variable)?, &default) {
                    (Some(value), _) => V::from(value),
                    (None, Some(V::Undefined(_))) => {
                        let hint = format!("the environment variable '{variable}' is not set");
                        interp.undefined_hint(hint, variable)
                    }
                    (None, Some(default)) => default.clone(),
                    (None, None) => V::from(""),
                });
            }
        }
        "file" => {
            let strip = |v: Option<V>, default: bool| v.map_or(Ok(default), |v| v.truth());
            let right = strip(args.named("rstrip"), true)?;
            let left = strip(args.named("lstrip"), false)?;
            bare(&args)?;
            for term in given {
                let path = text_term(interp, &term, name)?;
                let text = interp
                    .world
                    .file(&path)?
                    .ok_or_else(|| Fault::failed(format!("lookup('file'): `{path}` is not there")))?;
                out.push(V::from(crate::text::strip(&text, None, left, right)));
            }
        }
        "template" => {
            bare(&args)?;
            for term in given {
                let path = text_term(interp, &term, name)?;
                out.push(template(interp, &path)?);
            }
        }
        "password" => {
            bare(&args)?;
            for term in given {
                let term = text_term(interp, &term, name)?;
                out.push(V::from(interp.world.password(&term)?));
            }
        }
        "vars" => {
            bare(&args)?;
            for term in given {
                let variable = text_term(interp, &term, name)?;
                match (interp.variables.get(&variable), &default) {
                    (Some(value), _) => {
                        interp.reads.insert(variable.to_string());
                        out.push(interp.settled(value)?);
                    }
                    (None, Some(default)) if !matches!(default, V::None) => out.push(default.clone()),
                    (None, _) => {
                        let hint = format!("no variable named '{variable}' was found");
                        out.push(interp.undefined_hint(hint, &variable));
                    }
                }
            }
        }
        "dict" => {
            bare(&args)?;
            for term in given {
                let V::Dict(_) = &term else { return Err(Fault::failed("lookup('dict') expects a dict")) };
                let pairs = interp.filter("dict2items", term, Args::default())?;
                out.extend(interp.items(&pairs)?.iter().cloned());
            }
        }
        "list" => {
            bare(&args)?;
            out = given;
        }
        "items" => {
            bare(&args)?;
            for term in given {
                match &term {
                    V::List(_) | V::Tuple(_) => out.extend(interp.items(&term)?.iter().cloned()),
                    _ => out.push(term),
                }
            }
        }
        "sequence" | "pipe" | "url" | "csvfile" | "ini" | "first_found" | "fileglob" => {
            return Err(Fault::unsupported(format!("lookup('{name}') is not supported")));
        }
        other => {
            let plain: Vec<py::Value> =
                given.iter().map(|t| t.plain(&format!("lookup('{other}')"))).collect::<Res<_>>()?;
            match interp.world.lookup(other, &plain)? {
                Some(found) => out.extend(found.iter().map(V::live)),
                None => return Err(Fault::unsupported(format!("lookup('{other}') is not supported"))),
            }
        }
    }
    Ok(out)
}

/// Renders another template with the same variables.
fn template(interp: &mut Interp<'_>, path: &str) -> Res<V> {
    const DEEPEST: u32 = 8;
    if interp.lookups >= DEEPEST {
        return Err(Fault::limit(format!("lookup('template') goes more than {DEEPEST} levels deep")));
    }
    let source = interp
        .world
        .template(path)?
        .ok_or_else(|| Fault::failed(format!("lookup('template'): `{path}` is not there")))?;
    let template = interp.engine.looked_up(&Rc::from(path), &source)?;
    let syntax = std::mem::replace(&mut interp.syntax, template.syntax);
    interp.lookups += 1;
    let mut out = Out::new(interp.engine.options().templar);
    let done = interp.root(&template, Context::new(&template, Vec::new(), true), &mut out);
    interp.lookups -= 1;
    interp.syntax = syntax;
    done.map(|()| template.with_line_ends(out.finish()))
}
