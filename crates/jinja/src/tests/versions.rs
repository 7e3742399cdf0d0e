//! `version`: loose, strict and semantic.

use crate::error::{Fault, Res};
use crate::filters::{flag, given, soft, text_of};
use crate::run::{Args, Interp};
use crate::value::V;
use std::cmp::Ordering;
use std::rc::Rc;

pub(super) fn version(_: &mut Interp<'_>, on: V, args: Args) -> Res<bool> {
    let [version, operator, strict, kind] =
        args.take("version", ["version", "operator", "strict", "version_type"], 1)?;
    let operator = operator.map_or(Ok(Rc::from("eq")), |o| text_of(&o, "version"))?;
    let wanted: &[Ordering] = match &*operator {
        "==" | "=" | "eq" => &[Ordering::Equal],
        "<" | "lt" => &[Ordering::Less],
        "<=" | "le" => &[Ordering::Less, Ordering::Equal],
        ">" | "gt" => &[Ordering::Greater],
        ">=" | "ge" => &[Ordering::Greater, Ordering::Equal],
        "!=" | "<>" | "ne" => &[Ordering::Less, Ordering::Greater],
        other => return Err(Fault::failed(format!("Invalid operator type ({other})"))),
    };
    let strict = given(strict);
    let kind = given(kind).map(|k| text_of(&k, "version")).transpose()?;
    if strict.is_some() && kind.is_some() {
        return Err(Fault::failed("Cannot specify both 'strict' and 'version_type'"));
    }
    let strict = flag(strict, false)?;
    let (a, b) = (soft(&on)?, soft(&version.unwrap_or(V::None))?);
    if a.is_empty() {
        return Err(Fault::failed("Input version value cannot be empty"));
    }
    if b.is_empty() {
        return Err(Fault::failed("Version parameter to compare against cannot be empty"));
    }
    let order = match kind.as_deref() {
        None if strict => strictly(&a)?.cmp(&strictly(&b)?),
        Some("strict") => strictly(&a)?.cmp(&strictly(&b)?),
        None | Some("loose") => return loosely(&loose(&a), &loose(&b), wanted, &operator),
        Some("semver" | "semantic") => semantic(&a, &b)?,
        Some(other) => {
            return Err(Fault::unsupported(format!("versions of the type `{other}` are not supported"))
                .with_help("loose, strict, semver"));
        }
    };
    Ok(wanted.contains(&order))
}

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Number(u128),
    Word(String),
}

/// Runs of digits, runs of small letters, and whatever stands between; dots only part them.
fn loose(text: &str) -> Vec<Part> {
    let kind = |c: char| match c {
        '.' => 0,
        c if c.is_ascii_digit() => 1,
        'a'..='z' => 2,
        _ => 3,
    };
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| kind(c) != kind(first)).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        rest = after;
        match (kind(first), part.parse()) {
            (0, _) => {}
            (1, Ok(n)) => out.push(Part::Number(n)),
            _ => out.push(Part::Word(part.to_owned())),
        }
    }
    out
}

fn loosely(a: &[Part], b: &[Part], wanted: &[Ordering], operator: &str) -> Res<bool> {
    for (x, y) in a.iter().zip(b) {
        let order = match (x, y) {
            (Part::Number(x), Part::Number(y)) => x.cmp(y),
            (Part::Word(x), Part::Word(y)) => x.cmp(y),
            // Python finds them unequal, and cannot say which is more.
            _ => {
                return Err(Fault::failed(format!(
                    "Version comparison failed: '{operator}' of a number and a word"
                )));
            }
        };
        if order != Ordering::Equal {
            return Ok(wanted.contains(&order));
        }
    }
    Ok(wanted.contains(&a.len().cmp(&b.len())))
}

/// `1.2`, `1.2.3`, `1.2a1`: numbers, then whether it is a release, then the letter and its number.
fn strictly(text: &str) -> Res<([u64; 3], bool, char, u64)> {
    let wrong = || Fault::failed(format!("invalid version number '{text}'"));
    let (numbers, pre) = match text.find(['a', 'b']) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let parts: Vec<&str> = numbers.split('.').collect();
    if !(2..=3).contains(&parts.len()) {
        return Err(wrong());
    }
    let number = |t: &str| -> Res<u64> {
        if t.is_empty() || !t.bytes().all(|b| b.is_ascii_digit()) {
            return Err(wrong());
        }
        t.parse().map_err(|_| wrong())
    };
    let mut all = [0; 3];
    for (place, part) in all.iter_mut().zip(parts) {
        *place = number(part)?;
    }
    match pre.chars().next() {
        None => Ok((all, true, ' ', 0)),
        Some(letter) => Ok((all, false, letter, number(&pre[1..])?)),
    }
}

/// Semantic Versioning 2.0.
fn semantic(a: &str, b: &str) -> Res<Ordering> {
    let read = |text: &str| -> Res<([u128; 3], Vec<String>)> {
        let wrong = || Fault::failed(format!("invalid semantic version '{text}'"));
        let plain = text.split_once('+').map_or(text, |(v, _)| v);
        let (numbers, pre) = plain.split_once('-').map_or((plain, None), |(n, p)| (n, Some(p)));
        let parts: Vec<&str> = numbers.split('.').collect();
        let mut all = [0; 3];
        if parts.len() != 3 {
            return Err(wrong());
        }
        for (place, part) in all.iter_mut().zip(parts) {
            let good = part.bytes().all(|b| b.is_ascii_digit()) && (part == "0" || !part.starts_with('0'));
            *place = part.parse().ok().filter(|_| good).ok_or_else(wrong)?;
        }
        let pre: Vec<String> = pre.map_or(Vec::new(), |p| p.split('.').map(str::to_owned).collect());
        let good = |p: &String| {
            let digits = p.bytes().all(|b| b.is_ascii_digit());
            !p.is_empty()
                && p.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !(digits && p.len() > 1 && p.starts_with('0'))
        };
        if pre.iter().all(good) { Ok((all, pre)) } else { Err(wrong()) }
    };
    let ((numbers_a, pre_a), (numbers_b, pre_b)) = (read(a)?, read(b)?);
    let order = numbers_a.cmp(&numbers_b);
    if order != Ordering::Equal {
        return Ok(order);
    }
    // A release is more than what came before it.
    match (pre_a.is_empty(), pre_b.is_empty()) {
        (true, true) => return Ok(Ordering::Equal),
        (true, false) => return Ok(Ordering::Greater),
        (false, true) => return Ok(Ordering::Less),
        (false, false) => {}
    }
    for (x, y) in pre_a.iter().zip(&pre_b) {
        let order = match (x.parse::<u128>(), y.parse::<u128>()) {
            (Ok(x), Ok(y)) => x.cmp(&y),
            (Ok(_), Err(_)) => Ordering::Less,
            (Err(_), Ok(_)) => Ordering::Greater,
            (Err(_), Err(_)) => x.cmp(y),
        };
        if order != Ordering::Equal {
            return Ok(order);
        }
    }
    Ok(pre_a.len().cmp(&pre_b.len()))
}
