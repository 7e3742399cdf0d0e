//! `'{}'.format(…)`.

use super::number;
use crate::error::{Fault, Res};
use crate::run::{Args, Interp};
use crate::value::{V, repr, text};

/// `format.format(*args, **kwargs)`.
pub(crate) fn format(interp: &mut Interp<'_>, format: &str, args: &Args) -> Res<String> {
    let mut state = State { args, automatic: 0, numbered: None };
    let mut out = String::new();
    state.write(interp, format, 0, &mut out)?;
    Ok(out)
}

struct State<'a> {
    args: &'a Args,
    automatic: usize,
    /// Whether fields are numbered by hand; both ways in one format are an error.
    numbered: Option<bool>,
}

fn failed<T>(message: &str) -> Res<T> {
    Err(Fault::failed(message))
}

impl State<'_> {
    fn write(&mut self, interp: &mut Interp<'_>, format: &str, depth: u32, out: &mut String) -> Res<()> {
        if depth > 1 {
            return failed("Max string recursion exceeded");
        }
        let mut rest = format;
        while let Some(at) = rest.find(['{', '}']) {
            out.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                out.push_str(brace);
                rest = after;
                continue;
            }
            if brace == "}" {
                return failed("Single '}' encountered in format string");
            }
            let end = field_end(rest)?;
            let field = &rest[..end];
            rest = &rest[end + 1..];
            self.field(interp, field, depth, out)?;
        }
        out.push_str(rest);
        Ok(())
    }

    fn field(&mut self, interp: &mut Interp<'_>, field: &str, depth: u32, out: &mut String) -> Res<()> {
        interp.charge(1)?;
        let bracket = field.find('[').map_or(0, |open| field[open..].find(']').map_or(0, |e| open + e));
        let split = field[bracket..].find(['!', ':']).map(|i| i + bracket);
        let (name, tail) = split.map_or((field, ""), |i| field.split_at(i));
        let (conversion, spec) = match tail.strip_prefix('!') {
            Some(after) => {
                let mut chars = after.chars();
                let letter = chars.next();
                match (letter, chars.as_str()) {
                    (Some(letter), "") => (Some(letter), ""),
                    (Some(letter), more) => match more.strip_prefix(':') {
                        Some(spec) => (Some(letter), spec),
                        None => return failed("expected ':' after conversion specifier"),
                    },
                    _ => return failed("end of string while looking for conversion specifier"),
                }
            }
            None => (None, tail.strip_prefix(':').unwrap_or("")),
        };
        let value = self.lookup(interp, name)?;
        let value = match conversion {
            None => value,
            Some('s') => V::from(text(&value)?),
            Some('r') => V::from(repr(&value)?),
            Some('a') => V::from(super::percent::ascii(&repr(&value)?)),
            Some(_) => return failed("Unknown conversion specifier"),
        };
        let mut inner = String::new();
        if spec.contains(['{', '}']) {
            self.write(interp, spec, depth + 1, &mut inner)?;
        } else {
            inner.push_str(spec);
        }
        let shown = format_value(interp, &value, &inner)?;
        out.push_str(&shown);
        Ok(())
    }

    fn lookup(&mut self, interp: &mut Interp<'_>, name: &str) -> Res<V> {
        let first_end = name.find(['.', '[']).unwrap_or(name.len());
        let (first, mut rest) = name.split_at(first_end);
        let by_hand = first.bytes().all(|b| b.is_ascii_digit()) && !first.is_empty();
        let position = if first.is_empty() {
            if self.numbered == Some(true) {
                return failed("cannot switch from manual field specification to automatic field numbering");
            }
            self.numbered = Some(false);
            self.automatic += 1;
            Some(self.automatic - 1)
        } else if by_hand {
            if self.numbered == Some(false) {
                return failed("cannot switch from automatic field numbering to manual field specification");
            }
            self.numbered = Some(true);
            Some(first.parse().unwrap_or(usize::MAX))
        } else {
            None
        };
        let found = match position {
            Some(at) => self.args.positional.get(at).cloned(),
            None => self.args.named.iter().find(|(n, _)| &**n == first).map(|(_, v)| v.clone()),
        };
        let mut value = match found {
            Some(value) => value,
            None if position.is_some() => {
                return failed("Replacement index out of range for positional args tuple");
            }
            None => return Err(Fault::failed(py::repr_str(first))),
        };
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('.') {
                let end = after.find(['.', '[']).unwrap_or(after.len());
                value = interp.attr(&value, &after[..end])?;
                rest = &after[end..];
            } else {
                let end = rest.find(']').ok_or_else(|| Fault::failed("Missing ']' in format string"))?;
                let key = &rest[1..end];
                let index = match key.parse::<i128>() {
                    Ok(n) if key.bytes().all(|b| b.is_ascii_digit()) => V::Int(n),
                    _ => V::from(key),
                };
                value = interp.item(&value, &index)?;
                rest = &rest[end + 1..];
            }
            if let V::Undefined(u) = &value {
                return Err(Fault::failed(u.message()));
            }
        }
        Ok(value)
    }
}

/// Where a field's closing brace is; specs may hold fields of their own.
fn field_end(text: &str) -> Res<usize> {
    let mut depth = 1;
    for (i, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Ok(i);
        }
    }
    failed("expected '}' before end of string")
}

struct Spec {
    /// Nothing when it was not given.
    fill: Option<char>,
    align: Option<char>,
    sign: char,
    alternate: bool,
    zero: bool,
    width: usize,
    group: Option<char>,
    precision: Option<usize>,
    letter: Option<char>,
}

impl Spec {
    fn filler(&self) -> char {
        self.fill.unwrap_or(if self.zero { '0' } else { ' ' })
    }
}

fn parse(spec: &str) -> Res<Spec> {
    let chars: Vec<char> = spec.chars().collect();
    let mut at = 0;
    let is_align = |c: Option<&char>| c.is_some_and(|c| "<>=^".contains(*c));
    let (mut fill, mut align) = (None, None);
    if is_align(chars.get(1)) {
        (fill, align, at) = (chars.first().copied(), chars.get(1).copied(), 2);
    } else if is_align(chars.first()) {
        (align, at) = (chars.first().copied(), 1);
    }
    let mut eat = |set: &str| -> Option<char> {
        let c = chars.get(at).copied().filter(|c| set.contains(*c))?;
        at += 1;
        Some(c)
    };
    let sign = eat("+- ").unwrap_or('-');
    let _ = eat("z");
    let alternate = eat("#").is_some();
    let zero = eat("0").is_some();
    let number = |eat: &mut dyn FnMut(&str) -> Option<char>| -> Res<Option<usize>> {
        let mut digits = String::new();
        while let Some(c) = eat("0123456789") {
            digits.push(c);
        }
        if digits.is_empty() {
            return Ok(None);
        }
        digits.parse().map(Some).map_err(|_| Fault::failed("Too many decimal digits in format string"))
    };
    let width = number(&mut eat)?.unwrap_or(0);
    let group = eat(",_");
    let precision = match eat(".") {
        None => None,
        Some(_) => match number(&mut eat)? {
            None => return failed("Format specifier missing precision"),
            some => some,
        },
    };
    let letter = chars.get(at).copied();
    if chars.len() > at + 1 {
        return failed("Invalid format specifier");
    }
    if precision.is_some_and(|p| p > 65_535) {
        return failed("precision too big");
    }
    Ok(Spec { fill, align, sign, alternate, zero, width, group, precision, letter })
}

/// `format(value, spec)`.
fn format_value(interp: &mut Interp<'_>, value: &V, spec: &str) -> Res<String> {
    if spec.is_empty() {
        return text(value);
    }
    let spec = parse(spec)?;
    interp.will_make(spec.width)?;
    match value {
        V::Str(s) | V::Safe(s) => {
            let foreign =
                spec.sign != '-' || spec.align == Some('=') || spec.alternate || spec.group.is_some();
            if foreign || !matches!(spec.letter, None | Some('s')) {
                return failed("Unknown format code for object of type 'str'");
            }
            let shown = spec.precision.map_or(&**s, |most| super::head(s, most));
            let align = spec.align.unwrap_or('<');
            Ok(padded("", shown, align, spec.filler(), spec.width))
        }
        V::Bool(b) if spec.letter.is_none() && spec.precision.is_none() => {
            let _ = b;
            number_text(value, &spec)
        }
        V::Int(_) | V::Bool(_) | V::Float(_) => number_text(value, &spec),
        V::Undefined(u) => Err(u.fault()),
        other => {
            let name = other.type_name();
            Err(Fault::failed(format!("unsupported format string passed to {name}.__format__")))
        }
    }
}

fn number_text(value: &V, spec: &Spec) -> Res<String> {
    let int = value.as_int();
    let letter = spec.letter.unwrap_or(if int.is_some() { 'd' } else { ' ' });
    let ungrouped = match spec.group {
        Some(',') => "nbcoxX",
        Some(_) => "nc",
        None => "",
    };
    if ungrouped.contains(letter) {
        return failed(&format!("Cannot specify a separator with '{letter}'."));
    }
    if letter == 'c' && (spec.sign != '-' || spec.alternate) {
        return failed("Sign and alternate form are not allowed with integer format specifier 'c'");
    }
    let (negative, prefix, mut body) = match (letter, int) {
        ('d' | 'n' | 'b' | 'o' | 'x' | 'X' | 'c', Some(n)) => {
            if spec.precision.is_some() {
                return failed("Precision not allowed in integer format specifier");
            }
            if letter == 'c' {
                let one = u32::try_from(n).ok().and_then(char::from_u32);
                let one = one.ok_or_else(|| Fault::failed("%c arg not in range(0x110000)"))?;
                (false, "", one.to_string())
            } else {
                let (base, prefix) = match letter {
                    'b' => (2, "0b"),
                    'o' => (8, "0o"),
                    'x' => (16, "0x"),
                    'X' => (16, "0X"),
                    _ => (10, ""),
                };
                let digits = number::digits(n, base);
                let digits = if letter == 'X' { digits.to_uppercase() } else { digits };
                let size = if base == 10 { 3 } else { 4 };
                let digits = spec.group.map_or(digits.clone(), |c| number::grouped(&digits, c, size));
                (n < 0, if spec.alternate { prefix } else { "" }, digits)
            }
        }
        (_, _) => {
            let x = value.as_float().unwrap_or_default();
            let shown = match letter {
                'e' | 'E' => number::exponent(x, spec.precision.unwrap_or(6)),
                'f' | 'F' => number::fixed(x, spec.precision.unwrap_or(6)),
                '%' => number::fixed(x * 100.0, spec.precision.unwrap_or(6)),
                'g' | 'G' | 'n' => number::general(x, spec.precision.unwrap_or(6), spec.alternate),
                ' ' => match spec.precision {
                    None => text(value)?,
                    Some(p) => {
                        let shown = number::shortened(x, p);
                        if shown.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
                            format!("{shown}.0")
                        } else {
                            shown
                        }
                    }
                },
                other => {
                    let name = value.type_name();
                    return Err(Fault::failed(format!(
                        "Unknown format code '{other}' for object of type '{name}'"
                    )));
                }
            };
            let shown = if spec.alternate { number::pointed(shown) } else { shown };
            let shown = if letter.is_ascii_uppercase() { shown.to_uppercase() } else { shown };
            let (negative, digits) = match shown.strip_prefix('-') {
                Some(digits) => (true, digits.to_owned()),
                None => (false, shown),
            };
            (negative, "", spec.group.map_or(digits.clone(), |c| number::grouped(&digits, c, 3)))
        }
    };
    if letter == '%' {
        body.push('%');
    }
    let sign = match (negative, spec.sign) {
        (true, _) => "-",
        (false, '+') => "+",
        (false, ' ') => " ",
        _ => "",
    };
    let align = spec.align.unwrap_or(if spec.zero { '=' } else { '>' });
    let head = format!("{sign}{prefix}");
    if let (Some(separator), '=', '0') = (spec.group, align, spec.filler()) {
        // Zeros before a grouped number are grouped with it.
        let size = if matches!(letter, 'b' | 'o' | 'x' | 'X') { 4 } else { 3 };
        let mut digits: String = body.chars().filter(|c| *c != separator).collect();
        while head.len() + body.chars().count() < spec.width {
            digits.insert(0, '0');
            body = number::grouped(&digits, separator, size);
        }
    }
    Ok(padded(&head, &body, align, spec.filler(), spec.width))
}

fn padded(sign: &str, body: &str, align: char, fill: char, width: usize) -> String {
    let gap = width.saturating_sub(sign.chars().count() + body.chars().count());
    let run = |n: usize| std::iter::repeat_n(fill, n).collect::<String>();
    match align {
        '<' => format!("{sign}{body}{}", run(gap)),
        '^' => format!("{}{sign}{body}{}", run(gap / 2), run(gap - gap / 2)),
        '=' => format!("{sign}{}{body}", run(gap)),
        _ => format!("{}{sign}{body}", run(gap)),
    }
}
