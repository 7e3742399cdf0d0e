//! Filters on paths; none of them looks at a file.

use super::data::sequence;
use super::{given, soft, text_of};
use crate::error::{Fault, Res};
use crate::run::{Args, Interp};
use crate::value::V;
use std::rc::Rc;

fn one(on: &V, what: &str) -> Res<Rc<str>> {
    text_of(on, what)
}

pub(super) fn basename(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("basename")?;
    let path = one(&on, "basename")?;
    Ok(V::from(path.rsplit_once('/').map_or(&*path, |(_, name)| name)))
}

pub(super) fn dirname(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("dirname")?;
    let path = one(&on, "dirname")?;
    let end = path.rfind('/').map_or(0, |i| i + 1);
    let head = &path[..end];
    let bare = head.trim_end_matches('/');
    Ok(V::from(if bare.is_empty() { head } else { bare }))
}

pub(super) fn splitext(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("splitext")?;
    let path = one(&on, "splitext")?;
    let name = path.rfind('/').map_or(0, |i| i + 1);
    // Dots a name begins with are part of it.
    let start = name + path[name..].bytes().take_while(|b| *b == b'.').count();
    let (root, extension) = match path[start..].rfind('.') {
        Some(dot) => path.split_at(start + dot),
        None => (&*path, ""),
    };
    Ok(V::tuple(vec![V::from(root), V::from(extension)]))
}

fn joined(parts: &[Rc<str>]) -> String {
    let mut out = String::new();
    for (i, part) in parts.iter().enumerate() {
        if i == 0 || part.starts_with('/') {
            out = part.to_string();
        } else {
            if !out.is_empty() && !out.ends_with('/') {
                out.push('/');
            }
            out.push_str(part);
        }
    }
    out
}

pub(super) fn path_join(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("path_join")?;
    if let V::Str(text) | V::Safe(text) = &on {
        return Ok(V::Str(text.clone()));
    }
    let parts = sequence(interp, &on, "path_join")?;
    if parts.is_empty() {
        return Err(Fault::failed("path_join takes at least one part"));
    }
    let parts = parts.iter().map(|p| text_of(p, "path_join")).collect::<Res<Vec<_>>>()?;
    interp.will_make(parts.iter().map(|p| p.len() + 1).sum())?;
    Ok(V::from(joined(&parts)))
}

fn normal(path: &str) -> String {
    if path.is_empty() {
        return ".".to_owned();
    }
    // POSIX lets two slashes at the start mean something of their own.
    let root = match path.bytes().take_while(|b| *b == b'/').count() {
        0 => "",
        2 => "//",
        _ => "/",
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|p| *p != "..") => {
                parts.pop();
            }
            ".." if !root.is_empty() => {}
            part => parts.push(part),
        }
    }
    let out = format!("{root}{}", parts.join("/"));
    if out.is_empty() { ".".to_owned() } else { out }
}

pub(super) fn normpath(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("normpath")?;
    Ok(V::from(normal(&one(&on, "normpath")?)))
}

pub(super) fn relpath(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [start] = args.take("relpath", ["start"], 0)?;
    let path = one(&on, "relpath")?;
    let start = given(start).map(|s| text_of(&s, "relpath")).transpose()?;
    let start = start.unwrap_or_else(|| Rc::from("."));
    if path.is_empty() {
        return Err(Fault::failed("no path specified"));
    }
    let absolute = |p: &str| p.starts_with('/');
    if absolute(&path) != absolute(&start) {
        return Err(Fault::unsupported(
            "`relpath` between an absolute and a relative path asks for the folder it runs in",
        )
        .with_help("give both absolute"));
    }
    let (path, start) = (normal(&path), normal(&start));
    let parts = |p: &str| -> Vec<String> {
        p.split('/').filter(|x| !x.is_empty() && *x != ".").map(str::to_owned).collect()
    };
    let (path, start) = (parts(&path), parts(&start));
    let common = path.iter().zip(&start).take_while(|(a, b)| a == b).count();
    if start[common..].iter().any(|p| p == "..") {
        return Err(Fault::unsupported("`relpath` from above the folder it runs in"));
    }
    let mut out: Vec<String> = start[common..].iter().map(|_| "..".to_owned()).collect();
    out.extend(path[common..].iter().cloned());
    Ok(V::from(if out.is_empty() { ".".to_owned() } else { out.join("/") }))
}

pub(super) fn commonpath(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("commonpath")?;
    let paths = sequence(interp, &on, "commonpath")?;
    let paths = paths.iter().map(soft).collect::<Res<Vec<_>>>()?;
    let Some(first) = paths.first() else {
        return Err(Fault::failed("commonpath() arg is an empty sequence"));
    };
    let root = first.starts_with('/');
    if paths.iter().any(|p| p.starts_with('/') != root) {
        return Err(Fault::failed("Can't mix absolute and relative paths"));
    }
    let parts: Vec<Vec<&str>> =
        paths.iter().map(|p| p.split('/').filter(|x| !x.is_empty() && *x != ".").collect()).collect();
    let mut common = Vec::new();
    for (i, part) in parts[0].iter().enumerate() {
        if parts.iter().any(|p| p.get(i) != Some(part)) {
            break;
        }
        common.push(*part);
    }
    Ok(V::from(format!("{}{}", if root { "/" } else { "" }, common.join("/"))))
}
