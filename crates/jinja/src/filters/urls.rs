//! Filters on URLs.

use super::{flag, given, int_of, soft, text_of};
use crate::error::{Fault, Res};
use crate::regex::Pattern;
use crate::run::{Args, Interp};
use crate::text;
use crate::value::{Entries, Key, V};
use std::rc::Rc;
use std::sync::LazyLock;

/// `urllib.parse.quote`.
fn quote(text: &str, safe: &str, plus: bool, out: &mut String) {
    for byte in text.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || "_.-~".contains(c) || (c.is_ascii() && safe.contains(c)) {
            out.push(c);
        } else if plus && c == ' ' {
            out.push('+');
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

pub(super) fn urlencode(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("urlencode")?;
    let mut out = String::new();
    let pairs: Vec<(V, V)> = match &on {
        V::Undefined(u) => return Err(u.fault()),
        V::Dict(dict) => dict.entries().iter().map(|(k, v)| (Key::value(k).clone(), v.clone())).collect(),
        V::Str(_) | V::Safe(_) | V::None | V::Bool(_) | V::Int(_) | V::Float(_) | V::Date(_) => {
            quote(&soft(&on)?, "/", false, &mut out);
            return Ok(V::from(out));
        }
        _ => {
            let mut pairs = Vec::new();
            for pair in interp.items(&on)?.iter() {
                let pair = interp.items(pair)?;
                match &pair[..] {
                    [k, v] => pairs.push((k.clone(), v.clone())),
                    _ => return Err(Fault::failed("`urlencode` takes pairs")),
                }
            }
            pairs
        }
    };
    for (i, (key, value)) in pairs.iter().enumerate() {
        if i > 0 {
            out.push('&');
        }
        quote(&soft(key)?, "", true, &mut out);
        out.push('=');
        quote(&soft(value)?, "", true, &mut out);
    }
    Ok(V::from(out))
}

/// `urllib.parse.unquote_plus`.
pub(super) fn urldecode(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("urldecode")?;
    let text = text_of(&on, "urldecode")?.replace('+', " ");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|h| std::str::from_utf8(h).ok());
        match hex.filter(|_| *first == b'%').and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    Ok(V::from(String::from_utf8_lossy(&bytes).into_owned()))
}

/// The parts of a URL, or one of them.
pub(super) fn urlsplit(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [wanted] = args.take("urlsplit", ["query"], 0)?;
    let wanted = wanted.map_or(Ok(Rc::from("")), |w| text_of(&w, "urlsplit"))?;
    let url = text_of(&on, "urlsplit")?;
    let url = url.trim_start_matches(|c: char| c <= ' ').replace(['\t', '\n', '\r'], "");
    let mut rest = url.as_str();
    let mut scheme = String::new();
    if let Some(at) = rest.find(':') {
        let before = &rest[..at];
        let good = before.starts_with(|c: char| c.is_ascii_alphabetic())
            && before.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        if good {
            scheme = before.to_lowercase();
            rest = &rest[at + 1..];
        }
    }
    let mut netloc = "";
    if let Some(after) = rest.strip_prefix("//") {
        let end = after.find(['/', '?', '#']).unwrap_or(after.len());
        (netloc, rest) = after.split_at(end);
    }
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (user, host_port) = match netloc.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, netloc),
    };
    let (name, password) = match user {
        None => (None, None),
        Some(user) => match user.split_once(':') {
            Some((name, password)) => (Some(name), Some(password)),
            None => (Some(user), None),
        },
    };
    let (host, port) = match host_port.split_once(']') {
        Some((host, port)) => (host.trim_start_matches('['), port.strip_prefix(':').unwrap_or("")),
        None => host_port.split_once(':').unwrap_or((host_port, "")),
    };
    let port = match port {
        "" => V::None,
        digits => match digits.parse::<u16>() {
            Ok(n) if digits.bytes().all(|b| b.is_ascii_digit()) => V::Int(i128::from(n)),
            _ => return Err(Fault::failed("Port could not be cast to integer value")),
        },
    };
    let text = |t: Option<&str>| t.map_or(V::None, V::from);
    let lower = host.to_lowercase();
    let parts = [
        ("fragment", V::from(fragment)),
        ("hostname", if host.is_empty() { V::None } else { V::from(lower) }),
        ("netloc", V::from(netloc)),
        ("password", text(password)),
        ("path", V::from(path)),
        ("port", port),
        ("query", V::from(query)),
        ("scheme", V::from(scheme)),
        ("username", text(name)),
    ];
    if wanted.is_empty() {
        let entries: Entries = parts.into_iter().map(|(k, v)| (Key::text(k), v)).collect();
        return Ok(V::dict(entries));
    }
    match parts.into_iter().find(|(k, _)| *k == &*wanted) {
        Some((_, value)) => Ok(value),
        None => Err(Fault::failed(format!("urlsplit: unknown URL component: {wanted}"))),
    }
}

/// What looks like an address on the web to Jinja2.
static WEB: LazyLock<Option<Pattern>> = LazyLock::new(|| {
    Pattern::new(
        r"^((https?://|www\.)(([\w%-]+\.)+)?([a-z]{2,63}|xn--[\w%]{2,59})|([\w%-]{2,63}\.)+(com|net|int|edu|gov|org|info|mil)|(https?://)((([\d]{1,3})(\.[\d]{1,3}){3})|(\[([\da-f]{0,4}:){2}([\da-f]{0,4}:?){1,6}\])))(?::[\d]{1,5})?(?:[/?#]\S*)?$",
        true,
        false,
    )
    .ok()
});
static MAIL: LazyLock<Option<Pattern>> =
    LazyLock::new(|| Pattern::new(r"^\S+@\w[\w.-]*\.\w+$", false, false).ok());

fn matches(pattern: &LazyLock<Option<Pattern>>, word: &str) -> Res<bool> {
    match &**pattern {
        Some(pattern) => pattern.matches_start(word),
        None => Ok(false),
    }
}

pub(super) fn urlize(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let names = ["trim_url_limit", "nofollow", "target", "rel", "extra_schemes"];
    let [limit, nofollow, target, rel, schemes] = args.take("urlize", names, 0)?;
    let limit = given(limit).map(|l| int_of(&l, "urlize")).transpose()?;
    let limit = limit.map(|l| usize::try_from(l).unwrap_or(0));
    if given(schemes).is_some() {
        return Err(Fault::unsupported("`urlize` with schemes of your own is not supported"));
    }
    let mut rels: Vec<String> = match given(rel) {
        Some(rel) => text_of(&rel, "urlize")?.split_whitespace().map(str::to_owned).collect(),
        None => Vec::new(),
    };
    if flag(nofollow, false)? {
        rels.push("nofollow".to_owned());
    }
    rels.push("noopener".to_owned());
    rels.sort();
    rels.dedup();
    let rel = format!(" rel=\"{}\"", text::escape(&rels.join(" ")));
    let target = match given(target) {
        Some(target) => format!(" target=\"{}\"", text::escape(&text_of(&target, "urlize")?)),
        None => String::new(),
    };
    let whole = text::escape(&soft(&on)?);
    interp.charge(whole.len() as u64)?;
    let shown = |url: &str| match limit {
        Some(most) if url.chars().count() > most => format!("{}...", text::head(url, most)),
        _ => url.to_owned(),
    };
    let mut out = String::with_capacity(whole.len());
    let mut rest = whole.as_str();
    while !rest.is_empty() {
        let blank = rest.starts_with(crate::parse::lexer::is_space);
        let end = rest.find(|c| crate::parse::lexer::is_space(c) != blank).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        if blank {
            out.push_str(word);
            continue;
        }
        let (head, mut middle, tail) = bare(word);
        if matches(&WEB, &middle)? {
            let full = middle.starts_with("https://") || middle.starts_with("http://");
            let to = if full { middle.clone() } else { format!("https://{middle}") };
            middle = format!("<a href=\"{to}\"{rel}{target}>{}</a>", shown(&middle));
        } else if let Some(address) = middle.strip_prefix("mailto:").map(str::to_owned)
            && matches(&MAIL, &address)?
        {
            middle = format!("<a href=\"{middle}\">{address}</a>");
        } else if middle.contains('@')
            && !middle.starts_with("www.")
            && !middle.starts_with('@')
            && !middle.contains(':')
            && matches(&MAIL, &middle)?
        {
            middle = format!("<a href=\"mailto:{middle}\">{middle}</a>");
        }
        out.push_str(&head);
        out.push_str(&middle);
        out.push_str(&tail);
    }
    Ok(V::from(out))
}

/// A word without the punctuation round it, brackets kept where they balance.
fn bare(word: &str) -> (String, String, String) {
    let mut start = 0;
    while let Some(length) =
        ["(", "<", "&lt;"].iter().find(|p| word[start..].starts_with(**p)).map(|p| p.len())
    {
        start += length;
    }
    let mut end = word.len();
    let closing = [")", ">", ".", ",", "\n", "&gt;"];
    while let Some(length) =
        closing.iter().find(|p| end >= start + p.len() && word[start..end].ends_with(**p)).map(|p| p.len())
    {
        end -= length;
    }
    let mut middle = word[start..end].to_owned();
    let mut tail = word[end..].to_owned();
    for (open, close) in [("(", ")"), ("<", ">"), ("&lt;", "&gt;")] {
        let opened = middle.matches(open).count();
        if opened <= middle.matches(close).count() {
            continue;
        }
        for _ in 0..opened.min(tail.matches(close).count()) {
            let Some(at) = tail.find(close) else { break };
            let moved = at + close.len();
            middle.push_str(&tail[..moved]);
            tail = tail[moved..].to_owned();
        }
    }
    (word[..start].to_owned(), middle, tail)
}
