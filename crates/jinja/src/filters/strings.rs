//! Filters on text.

use super::{flag, given, int_of, soft, text_of};
use crate::error::{Fault, Res};
use crate::methods::string;
use crate::parse::lexer::{is_space, rstrip};
use crate::run::{Args, Interp};
use crate::text::{self, percent, pprint as pretty, splitlines, strip, wrap::Wrap};
use crate::value::V;
use std::rc::Rc;

/// Keeps a `Markup` one.
fn like(on: &V, text: String) -> V {
    if matches!(on, V::Safe(_)) { V::Safe(Rc::from(text)) } else { V::from(text) }
}

/// A short text of ASCII with its bytes changed to others of ASCII, without a copy beside.
fn short_ascii(text: &str, change: impl FnOnce(&mut [u8])) -> Option<Rc<str>> {
    let mut buffer = [0; 64];
    let bytes = buffer.get_mut(..text.len()).filter(|_| text.is_ascii())?;
    bytes.copy_from_slice(text.as_bytes());
    change(bytes);
    std::str::from_utf8(bytes).ok().map(Rc::from)
}

pub(super) fn upper(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("upper")?;
    let text = soft(&on)?;
    Ok(match short_ascii(&text, |bytes| bytes.make_ascii_uppercase()) {
        Some(text) if matches!(on, V::Safe(_)) => V::Safe(text),
        Some(text) => V::Str(text),
        None => like(&on, text.to_uppercase()),
    })
}

pub(super) fn lower(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("lower")?;
    let text = soft(&on)?;
    Ok(match short_ascii(&text, |bytes| bytes.make_ascii_lowercase()) {
        Some(text) if matches!(on, V::Safe(_)) => V::Safe(text),
        Some(text) => V::Str(text),
        None => like(&on, text.to_lowercase()),
    })
}

pub(super) fn capitalize(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("capitalize")?;
    Ok(like(&on, text::capitalize(&soft(&on)?)))
}

pub(super) fn string(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("string")?;
    match on {
        V::Str(_) | V::Safe(_) => Ok(on),
        other => Ok(V::Str(soft(&other)?)),
    }
}

/// Words begin after blanks, hyphens and opening brackets.
pub(super) fn title(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("title")?;
    let text = soft(&on)?;
    let breaks = |c: char| is_space(c) || "-({[<".contains(c);
    let mut out = String::with_capacity(text.len());
    let mut first = true;
    for c in text.chars() {
        if breaks(c) {
            out.push(c);
            first = true;
        } else {
            if first {
                out.extend(c.to_uppercase());
            } else {
                out.extend(c.to_lowercase());
            }
            first = false;
        }
    }
    Ok(V::from(out))
}

pub(super) fn trim(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [chars] = args.take("trim", ["chars"], 0)?;
    let chars = given(chars).map(|c| text_of(&c, "trim")).transpose()?;
    let text = soft(&on)?;
    Ok(like(&on, strip(&text, chars.as_deref(), true, true).to_owned()))
}

pub(super) fn center(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [width] = args.take("center", ["width"], 0)?;
    let width = width.map_or(Ok(80), |w| int_of(&w, "center"))?;
    let width = usize::try_from(width).unwrap_or(0);
    interp.will_make(width)?;
    Ok(like(&on, string::center(&soft(&on)?, width, " ")))
}

pub(super) fn replace(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [old, new, count] = args.take("replace", ["old", "new", "count"], 2)?;
    let count = given(count).map_or(Ok(-1), |c| int_of(&c, "replace"))?;
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let (old, new) = (soft(&old.unwrap_or(V::None))?, soft(&new.unwrap_or(V::None))?);
    Ok(V::from(string::replace(interp, &soft(&on)?, &old, &new, count)?))
}

pub(super) fn split(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [separator, most] = args.take("split", ["sep", "maxsplit"], 0)?;
    let separator = given(separator).map(|s| text_of(&s, "split")).transpose()?;
    if separator.as_deref() == Some("") {
        return Err(Fault::failed("empty separator"));
    }
    let most = most.map_or(Ok(-1), |m| int_of(&m, "split"))?;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let text = text_of(&on, "split")?;
    Ok(V::list(string::split(&text, separator.as_deref(), most, false).into_iter().map(V::from).collect()))
}

pub(super) fn format(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    if !args.positional.is_empty() && !args.named.is_empty() {
        return Err(Fault::failed("can't handle positional and keyword arguments at the same time"));
    }
    let values = if args.named.is_empty() {
        V::tuple(args.positional)
    } else {
        V::dict(args.named.into_iter().map(|(k, v)| (crate::value::Key::text(k), v)).collect())
    };
    let safe = matches!(on, V::Safe(_));
    Ok(like(&on, percent::format(interp, &soft(&on)?, &values, safe)?))
}

pub(super) fn indent(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [width, first, blank] = args.take("indent", ["width", "first", "blank"], 0)?;
    let by: Rc<str> = match width {
        None => Rc::from("    "),
        Some(V::Str(text) | V::Safe(text)) => text,
        Some(width) => {
            let width = usize::try_from(int_of(&width, "indent")?).unwrap_or(0);
            interp.will_make(width)?;
            Rc::from(" ".repeat(width))
        }
    };
    let (first, blank) = (flag(first, false)?, flag(blank, false)?);
    let text = text_of(&on, "indent")?;
    let whole = format!("{text}\n");
    let lines = splitlines(&whole, false);
    interp.will_make(text.len().saturating_add(lines.len().saturating_mul(by.len())))?;
    let mut out = String::with_capacity(text.len() + lines.len() * by.len());
    for (i, line) in lines.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        let indented = if i == 0 { first } else { blank || !line.is_empty() };
        if indented {
            out.push_str(&by);
        }
        out.push_str(line);
    }
    Ok(like(&on, out))
}

pub(super) fn truncate(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [length, killwords, end, leeway] =
        args.take("truncate", ["length", "killwords", "end", "leeway"], 0)?;
    let length = length.map_or(Ok(255), |l| int_of(&l, "truncate"))?;
    let leeway = given(leeway).map_or(Ok(5), |l| int_of(&l, "truncate"))?;
    let end = end.map_or(Ok(Rc::from("...")), |e| text_of(&e, "truncate"))?;
    let text = text_of(&on, "truncate")?;
    let tail = end.chars().count() as i128;
    if length < tail || leeway < 0 {
        return Err(Fault::failed(format!("expected length >= {tail}, got {length}")));
    }
    if text.chars().count() as i128 <= length.saturating_add(leeway) {
        return Ok(on);
    }
    let kept = text::head(&text, usize::try_from(length - tail).unwrap_or(usize::MAX));
    let kept = if flag(killwords, false)? { kept } else { kept.rsplit_once(' ').map_or(kept, |(a, _)| a) };
    Ok(like(&on, format!("{kept}{end}")))
}

pub(super) fn wordcount(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("wordcount")?;
    let text = soft(&on)?;
    let word = |c: char| c.is_alphanumeric() || c == '_';
    Ok(V::usize(text.split(|c| !word(c)).filter(|w| !w.is_empty()).count()))
}

pub(super) fn wordwrap(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let names = ["width", "break_long_words", "wrapstring", "break_on_hyphens"];
    let [width, long, by, hyphens] = args.take("wordwrap", names, 0)?;
    let width = width.map_or(Ok(79), |w| int_of(&w, "wordwrap"))?;
    if width <= 0 {
        return Err(Fault::failed(format!("invalid width {width} (must be > 0)")));
    }
    let wrap = Wrap {
        width: usize::try_from(width).unwrap_or(usize::MAX),
        break_long_words: flag(long, true)?,
        break_on_hyphens: flag(hyphens, true)?,
    };
    let by = given(by).map_or(Ok(Rc::from("\n")), |b| text_of(&b, "wordwrap"))?;
    let text = text_of(&on, "wordwrap")?;
    interp.charge(text.len() as u64)?;
    let mut paragraphs = Vec::new();
    for line in splitlines(&text, false) {
        paragraphs.push(wrap.lines(line)?.join(&by));
    }
    let out = paragraphs.join(&by);
    interp.will_make(out.len())?;
    Ok(V::from(out))
}

pub(super) fn pprint(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("pprint")?;
    if let V::Undefined(u) = &on {
        return Err(u.fault());
    }
    Ok(V::from(pretty::pformat(&on)?))
}

/// `shlex.quote`.
pub(super) fn quote(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("quote")?;
    let text = if matches!(on, V::None) { Rc::from("") } else { soft(&on)? };
    let safe = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !text.is_empty() && text.chars().all(safe) {
        return Ok(V::Str(text));
    }
    Ok(V::from(format!("'{}'", text.replace('\'', "'\"'\"'"))))
}

/// A text as a comment of some language.
pub(super) fn comment(interp: &mut Interp<'_>, on: V, mut args: Args) -> Res<V> {
    let style = match args.positional.len() {
        0 => args.named("style").unwrap_or_else(|| V::from("plain")),
        1 => args.positional.remove(0),
        n => return Err(Fault::failed(format!("`comment` takes one style, not {n}"))),
    };
    let style = text_of(&style, "comment")?;
    let (beginning, decoration, end) = match &*style {
        "plain" => ("", "# ", ""),
        "erlang" => ("", "% ", ""),
        "c" => ("", "// ", ""),
        "cblock" => ("/*", " * ", " */"),
        "xml" => ("<!--", " - ", "-->"),
        other => {
            return Err(Fault::failed(format!("`comment` has no style `{other}`"))
                .with_help("plain, erlang, c, cblock, xml"));
        }
    };
    let mut word = |name: &str, default: &str| -> Res<String> {
        match args.named(name) {
            Some(value) => Ok(soft(&value)?.to_string()),
            None => Ok(default.to_owned()),
        }
    };
    let own = word("decoration", decoration)?;
    let margin = rstrip(&own).to_owned();
    let newline = word("newline", "\n")?;
    let beginning = word("beginning", beginning)?;
    let prefix = word("prefix", &margin)?;
    let postfix = word("postfix", &margin)?;
    let end = word("end", end)?;
    let mut count = |name: &str| -> Res<usize> {
        let n = args.named(name).map_or(Ok(1), |v| match v.as_str() {
            Some(text) => text::number::parse_int(text, 10).map_err(|_| Fault::failed("`comment` counts")),
            None => int_of(&v, "comment"),
        })?;
        Ok(usize::try_from(n).unwrap_or(0))
    };
    let (prefixes, postfixes) = (count("prefix_count")?, count("postfix_count")?);
    let longest = newline.len() + prefix.len() + postfix.len();
    interp.will_make(longest.saturating_mul(prefixes.saturating_add(postfixes)))?;
    if let Some((name, _)) = args.named.first() {
        return Err(Fault::unsupported(format!("the option `{name}` of `comment` is not supported")));
    }
    let text = text_of(&on, "comment")?;
    let mut out = String::new();
    if !beginning.is_empty() {
        out.push_str(&beginning);
        out.push_str(&newline);
    }
    let head = match prefix.as_str() {
        "" => String::new(),
        p if p == newline => newline.clone(),
        p => format!("{p}{newline}"),
    };
    out.push_str(&head.repeat(prefixes));
    interp.will_make(text.len().saturating_add(text.matches(&newline).count().saturating_mul(own.len())))?;
    let decorated = format!("{own}{}", text.replace(&newline, &format!("{newline}{own}")));
    let blank = (format!("{own}{newline}"), format!("{margin}{newline}"));
    out.push_str(&decorated.replace(&blank.0, &blank.1));
    for _ in 0..postfixes {
        out.push_str(&newline);
        out.push_str(&postfix);
    }
    if !end.is_empty() {
        out.push_str(&newline);
        out.push_str(&end);
    }
    Ok(V::from(out))
}
