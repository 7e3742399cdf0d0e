//! Filters with regular expressions.

use super::{flag, int_of, soft, text_of};
use crate::error::{Fault, Res};
use crate::regex::{self, Pattern};
use crate::run::{Args, Interp};
use crate::value::V;
use fancy_regex::Captures;
use std::rc::Rc;

fn pattern(
    interp: &Interp<'_>,
    value: Option<V>,
    ignorecase: Option<V>,
    multiline: Option<V>,
) -> Res<Rc<Pattern>> {
    let pattern = value.map_or(Ok(Rc::from("")), |p| text_of(&p, "regex"))?;
    interp.engine.pattern(&pattern, flag(ignorecase, false)?, flag(multiline, false)?)
}

pub(super) fn regex_replace(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let names = ["pattern", "replacement", "ignorecase", "multiline", "count", "mandatory_count"];
    let [regex, replacement, ignorecase, multiline, count, mandatory] =
        args.take("regex_replace", names, 0)?;
    let text = soft(&on)?;
    let regex = pattern(interp, regex, ignorecase, multiline)?;
    let replacement = replacement.map_or(Ok(Rc::from("")), |r| text_of(&r, "regex_replace"))?;
    let count = count.map_or(Ok(0), |c| int_of(&c, "regex_replace"))?;
    let mandatory = mandatory.map_or(Ok(0), |c| int_of(&c, "regex_replace"))?;
    interp.charge(text.len() as u64)?;
    interp.will_make(text.len().saturating_mul(replacement.len().max(1)).min(1 << 40) / 4096)?;
    let (out, made) = regex.replace(&text, &replacement, usize::try_from(count).unwrap_or(0))?;
    if mandatory != 0 && mandatory != made as i128 {
        return Err(Fault::failed(format!(
            "regex_replace should match {mandatory} times, but matches {made} times"
        )));
    }
    if made == 0 {
        return Ok(V::Str(text));
    }
    interp.will_make(out.len())?;
    Ok(V::from(out))
}

fn group(found: &Captures<'_>, at: usize) -> V {
    found.get(at).map_or(V::None, |m| V::from(m.as_str()))
}

pub(super) fn regex_search(interp: &mut Interp<'_>, on: V, mut args: Args) -> Res<V> {
    let text = soft(&on)?;
    let (ignorecase, multiline) = (args.named("ignorecase"), args.named("multiline"));
    let regex = if args.positional.is_empty() {
        args.named("regex").ok_or_else(|| Fault::failed("regex_search is missing the argument 'regex'"))?
    } else {
        args.positional.remove(0)
    };
    let regex = pattern(interp, Some(regex), ignorecase, multiline)?;
    let mut wanted = Vec::new();
    for argument in &args.positional {
        let name = text_of(argument, "regex_search")?;
        let Some(name) = name.strip_prefix('\\') else { return Err(Fault::failed("Unknown argument")) };
        let inner = name.strip_prefix("g<").and_then(|n| n.split_once('>')).map(|(n, _)| n);
        let digits: String = name.chars().take_while(char::is_ascii_digit).collect();
        let at = match inner {
            Some(inner) => inner.parse().ok().or_else(|| regex.group(inner)),
            None => digits.parse().ok(),
        };
        match at.filter(|at| *at < regex.groups()) {
            Some(at) => wanted.push(at),
            None => return Err(Fault::failed("no such group")),
        }
    }
    interp.charge(text.len() as u64)?;
    let Some(found) = regex.search(&text)? else { return Ok(V::None) };
    if wanted.is_empty() {
        return Ok(group(&found, 0));
    }
    Ok(V::list(wanted.into_iter().map(|at| group(&found, at)).collect()))
}

pub(super) fn regex_findall(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [regex, multiline, ignorecase] =
        args.take("regex_findall", ["regex", "multiline", "ignorecase"], 1)?;
    let text = soft(&on)?;
    let regex = pattern(interp, regex, ignorecase, multiline)?;
    interp.charge(text.len() as u64)?;
    let empty = |found: &Captures<'_>, at: usize| V::from(found.get(at).map_or("", |m| m.as_str()));
    let mut out = Vec::new();
    for found in regex.captures_all(&text, 0)? {
        out.push(match regex.groups() {
            1 => group(&found, 0),
            2 => empty(&found, 1),
            n => V::tuple((1..n).map(|at| empty(&found, at)).collect()),
        });
    }
    interp.charge(out.len() as u64)?;
    Ok(V::list(out))
}

pub(super) fn regex_escape(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [kind] = args.take("regex_escape", ["re_type"], 0)?;
    let kind = kind.map_or(Ok(Rc::from("python")), |k| text_of(&k, "regex_escape"))?;
    let text = soft(&on)?;
    let special = match &*kind {
        "python" => return Ok(V::from(regex::escape(&text))),
        "posix_basic" => "].[^$*\\",
        // Ansible 2.19 has no `posix_extended` yet.
        other => return Err(Fault::failed(format!("Regex type ({other}) not yet implemented"))),
    };
    let mut out = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        if special.contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    Ok(V::from(out))
}
