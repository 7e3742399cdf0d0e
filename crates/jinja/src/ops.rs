//! Python's operators.

use crate::error::{Fault, Res};
use crate::parse::ast::Operator;
use crate::run::Interp;
use crate::text::{escape, percent};
use crate::value::V;
use std::rc::Rc;

fn symbol(operator: Operator) -> &'static str {
    match operator {
        Operator::Add => "+",
        Operator::Sub => "-",
        Operator::Mul => "*",
        Operator::Div => "/",
        Operator::FloorDiv => "//",
        Operator::Mod => "%",
        Operator::Pow => "** or pow()",
    }
}

/// An integer beyond what is held here; Python's have no bound.
pub(crate) fn too_big() -> Box<Fault> {
    Fault::unsupported("an integer beyond 128 bits")
}

/// `left OP right`.
pub(crate) fn binary(interp: &mut Interp<'_>, operator: Operator, left: V, right: V) -> Res<V> {
    if let (V::Int(a), V::Int(b)) = (&left, &right) {
        return ints(operator, *a, *b);
    }
    if let V::Undefined(u) = &left {
        return Err(u.fault());
    }
    if operator == Operator::Mod
        && let V::Str(format) | V::Safe(format) = &left
    {
        let text = percent::format(interp, format, &right, matches!(left, V::Safe(_)))?;
        return Ok(if matches!(left, V::Safe(_)) { V::Safe(Rc::from(text)) } else { V::from(text) });
    }
    if let V::Undefined(u) = &right {
        return Err(u.fault());
    }
    if let (Some(a), Some(b)) = (left.as_int(), right.as_int()) {
        return ints(operator, a, b);
    }
    if let (Some(a), Some(b)) = (left.as_float(), right.as_float()) {
        return floats(operator, a, b);
    }
    match operator {
        Operator::Add => add(interp, left, right),
        Operator::Mul => match (&left, &right) {
            (_, V::Int(_) | V::Bool(_)) => repeat(interp, &left, &right),
            (V::Int(_) | V::Bool(_), _) => repeat(interp, &right, &left),
            _ => Err(unsupported(operator, &left, &right)),
        },
        _ => Err(unsupported(operator, &left, &right)),
    }
}

fn unsupported(operator: Operator, left: &V, right: &V) -> Box<Fault> {
    let (a, b) = (left.type_name(), right.type_name());
    if operator == Operator::Mul && (left.as_int().is_none() && right.as_int().is_none()) {
        return Fault::failed(format!("can't multiply sequence by non-int of type '{b}'"));
    }
    Fault::failed(format!("unsupported operand type(s) for {}: '{a}' and '{b}'", symbol(operator)))
}

fn zero(what: &str) -> Box<Fault> {
    Fault::failed(what.to_owned())
}

fn ints(operator: Operator, a: i128, b: i128) -> Res<V> {
    let checked = match operator {
        Operator::Add => a.checked_add(b),
        Operator::Sub => a.checked_sub(b),
        Operator::Mul => a.checked_mul(b),
        Operator::Div if b == 0 => return Err(zero("division by zero")),
        Operator::Div => return Ok(V::Float(a as f64 / b as f64)),
        Operator::FloorDiv if b == 0 => return Err(zero("integer division or modulo by zero")),
        Operator::FloorDiv => {
            a.checked_div(b).map(|q| if (a % b != 0) && ((a < 0) != (b < 0)) { q - 1 } else { q })
        }
        Operator::Mod if b == 0 => return Err(zero("integer modulo by zero")),
        Operator::Mod => a.checked_rem(b).map(|r| if r != 0 && ((r < 0) != (b < 0)) { r + b } else { r }),
        Operator::Pow if b < 0 => return floats(operator, a as f64, b as f64),
        Operator::Pow => match u32::try_from(b) {
            Ok(exponent) => a.checked_pow(exponent),
            Err(_) => match a {
                0 | 1 => Some(a),
                -1 => Some(if b % 2 == 0 { 1 } else { -1 }),
                _ => None,
            },
        },
    };
    checked.map(V::Int).ok_or_else(too_big)
}

/// Python's `divmod` of floats.
fn divmod(a: f64, b: f64) -> (f64, f64) {
    let mut rest = a % b;
    let mut quotient = (a - rest) / b;
    if rest != 0.0 {
        if (b < 0.0) != (rest < 0.0) {
            rest += b;
            quotient -= 1.0;
        }
    } else {
        rest = 0f64.copysign(b);
    }
    let floor = if quotient != 0.0 {
        let floor = quotient.floor();
        if quotient - floor > 0.5 { floor + 1.0 } else { floor }
    } else {
        0f64.copysign(a / b)
    };
    (floor, rest)
}

fn floats(operator: Operator, a: f64, b: f64) -> Res<V> {
    Ok(V::Float(match operator {
        Operator::Add => a + b,
        Operator::Sub => a - b,
        Operator::Mul => a * b,
        Operator::Div if b == 0.0 => return Err(zero("float division by zero")),
        Operator::Div => a / b,
        Operator::FloorDiv if b == 0.0 => return Err(zero("float floor division by zero")),
        Operator::FloorDiv => divmod(a, b).0,
        Operator::Mod if b == 0.0 => return Err(zero("float modulo")),
        Operator::Mod => divmod(a, b).1,
        Operator::Pow if a == 0.0 && b < 0.0 => {
            return Err(zero("0.0 cannot be raised to a negative power"));
        }
        Operator::Pow if a < 0.0 && a.is_finite() && b.is_finite() && b.fract() != 0.0 => {
            return Err(Fault::unsupported("a power that is a complex number"));
        }
        Operator::Pow => {
            let power = a.powf(b);
            if power.is_infinite() && a.is_finite() && b.is_finite() {
                return Err(Fault::failed("(34, 'Numerical result out of range')"));
            }
            power
        }
    }))
}

/// `a + b` where it is no sum of numbers.
pub(crate) fn add(interp: &mut Interp<'_>, left: V, right: V) -> Res<V> {
    match (&left, &right) {
        (V::Str(a), V::Str(b)) => {
            interp.will_make(a.len() + b.len())?;
            Ok(V::from(format!("{a}{b}")))
        }
        (V::Safe(a), V::Safe(b)) => Ok(V::Safe(Rc::from(format!("{a}{b}")))),
        (V::Safe(a), V::Str(b)) => Ok(V::Safe(Rc::from(format!("{a}{}", escape(b))))),
        (V::Str(a), V::Safe(b)) => Ok(V::Safe(Rc::from(format!("{}{b}", escape(a))))),
        (V::List(a), V::List(b)) => {
            let (a, b) = (a.items(), b.items());
            interp.charge((a.len() + b.len()) as u64 / 4)?;
            Ok(V::list(a.iter().chain(b.iter()).cloned().collect()))
        }
        (V::Tuple(a), V::Tuple(b)) => Ok(V::tuple(a.items.iter().chain(&b.items).cloned().collect())),
        (V::Str(_) | V::Safe(_), other) => {
            Err(Fault::failed(format!("can only concatenate str (not \"{}\") to str", other.type_name())))
        }
        (V::List(_), other) => {
            Err(Fault::failed(format!("can only concatenate list (not \"{}\") to list", other.type_name())))
        }
        _ if left.as_float().is_some() && right.as_float().is_some() => {
            binary(interp, Operator::Add, left, right)
        }
        _ => Err(unsupported(Operator::Add, &left, &right)),
    }
}

fn repeat(interp: &mut Interp<'_>, what: &V, times: &V) -> Res<V> {
    let times = usize::try_from(times.as_int().unwrap_or(0).max(0)).unwrap_or(usize::MAX);
    match what {
        V::Str(text) | V::Safe(text) => {
            interp.will_make(text.len().saturating_mul(times))?;
            let text: Rc<str> = Rc::from(text.repeat(times));
            Ok(if matches!(what, V::Safe(_)) { V::Safe(text) } else { V::Str(text) })
        }
        V::List(list) => Ok(V::list(many(interp, &list.items(), times)?)),
        V::Tuple(tuple) => Ok(V::tuple(many(interp, &tuple.items, times)?)),
        other => Err(unsupported(Operator::Mul, other, &V::Int(0))),
    }
}

fn many(interp: &mut Interp<'_>, items: &[V], times: usize) -> Res<Vec<V>> {
    let length = items.len().saturating_mul(times);
    interp.charge(length as u64)?;
    Ok(items.iter().cloned().cycle().take(length).collect())
}

pub(crate) fn negative(value: &V) -> Res<V> {
    match value {
        V::Float(x) => Ok(V::Float(-x)),
        V::Undefined(u) => Err(u.fault()),
        other => match other.as_int() {
            Some(n) => n.checked_neg().map(V::Int).ok_or_else(too_big),
            None => Err(Fault::failed(format!("bad operand type for unary -: '{}'", other.type_name()))),
        },
    }
}

pub(crate) fn positive(value: &V) -> Res<V> {
    match value {
        V::Float(x) => Ok(V::Float(*x)),
        V::Undefined(u) => Err(u.fault()),
        other => match other.as_int() {
            Some(n) => Ok(V::Int(n)),
            None => Err(Fault::failed(format!("bad operand type for unary +: '{}'", other.type_name()))),
        },
    }
}

/// The indices a slice takes.
pub(crate) fn slice(length: usize, bounds: [Option<V>; 3]) -> Res<Box<dyn Iterator<Item = usize>>> {
    let bound = |v: &Option<V>| -> Res<Option<i128>> {
        match v {
            None | Some(V::None) => Ok(None),
            Some(V::Undefined(u)) => Err(u.fault()),
            Some(other) => other.as_int().map(Some).ok_or_else(|| {
                Fault::failed("slice indices must be integers or None or have an __index__ method")
            }),
        }
    };
    let [start, stop, step] = [bound(&bounds[0])?, bound(&bounds[1])?, bound(&bounds[2])?];
    let step = step.unwrap_or(1);
    if step == 0 {
        return Err(Fault::failed("slice step cannot be zero"));
    }
    let n = length as i128;
    let (low, high) = if step > 0 { (0, n) } else { (-1, n - 1) };
    let place = |at: i128| if at < 0 { at.saturating_add(n).max(low) } else { at.min(high) };
    let start = start.map_or(if step > 0 { low } else { high }, place);
    let stop = stop.map_or(if step > 0 { high } else { low }, place);
    let mut at = start;
    Ok(Box::new(std::iter::from_fn(move || {
        let inside = if step > 0 { at < stop } else { at > stop };
        let here = usize::try_from(at).ok().filter(|_| inside)?;
        at = at.saturating_add(step);
        Some(here)
    })))
}
