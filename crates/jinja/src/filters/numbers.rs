//! Filters on numbers.

use super::{given, int_of, soft, text_of};
use crate::error::{Fault, Res};
use crate::ops::too_big;
use crate::run::{Args, Interp};
use crate::text::number;
use crate::value::V;
use std::rc::Rc;

pub(super) fn abs(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("abs")?;
    match &on {
        V::Undefined(u) => Err(u.fault()),
        V::Float(x) => Ok(V::Float(x.abs())),
        other => match other.as_int() {
            Some(n) => n.checked_abs().map(V::Int).ok_or_else(too_big),
            None => Err(Fault::failed(format!("bad operand type for abs(): '{}'", other.type_name()))),
        },
    }
}

fn whole(x: f64) -> Option<Res<V>> {
    if !x.is_finite() {
        return None;
    }
    Some(if x.abs() < 1e38 { Ok(V::Int(x.trunc() as i128)) } else { Err(too_big()) })
}

pub(super) fn int(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [default, base] = args.take("int", ["default", "base"], 0)?;
    let default = default.unwrap_or(V::Int(0));
    let base = base.map_or(Ok(10), |b| int_of(&b, "int"))?;
    let base = u32::try_from(base).ok().filter(|b| *b == 0 || (2..=36).contains(b));
    match &on {
        V::Undefined(u) => Err(u.fault()),
        V::Float(x) => whole(*x).unwrap_or_else(|| {
            // int(inf) is an OverflowError, which the filter lets through.
            if x.is_nan() {
                Ok(default)
            } else {
                Err(Fault::failed("cannot convert float infinity to integer"))
            }
        }),
        V::Str(text) | V::Safe(text) => match base.map_or(Err(false), |base| number::parse_int(text, base)) {
            Ok(n) => Ok(V::Int(n)),
            Err(true) => Err(too_big()),
            Err(false) => number::parse_float(text).and_then(whole).unwrap_or(Ok(default)),
        },
        other => Ok(other.as_int().map_or(default, V::Int)),
    }
}

pub(super) fn float(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [default] = args.take("float", ["default"], 0)?;
    let default = default.unwrap_or(V::Float(0.0));
    match &on {
        V::Undefined(u) => Err(u.fault()),
        V::Str(text) | V::Safe(text) => Ok(number::parse_float(text).map_or(default, V::Float)),
        other => Ok(other.as_float().map_or(default, V::Float)),
    }
}

pub(super) fn round(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [precision, method] = args.take("round", ["precision", "method"], 0)?;
    let digits = precision.map_or(Ok(0), |p| int_of(&p, "round"))?;
    let digits = i32::try_from(digits.clamp(-400, 400)).unwrap_or(0);
    let method = method.map_or(Ok(Rc::from("common")), |m| text_of(&m, "round"))?;
    let Some(x) = on.as_float() else {
        if let V::Undefined(u) = &on {
            return Err(u.fault());
        }
        return Err(Fault::failed(format!("type {} doesn't define __round__ method", on.type_name())));
    };
    match (&*method, on.as_int()) {
        ("common", Some(n)) => round_int(n, digits),
        ("common", None) => Ok(V::Float(number::round(x, digits))),
        ("ceil" | "floor", _) => {
            let scale = 10f64.powi(digits);
            let scaled = x * scale;
            if !scaled.is_finite() {
                return Err(Fault::failed("cannot convert float infinity to integer"));
            }
            let whole = if &*method == "ceil" { scaled.ceil() } else { scaled.floor() };
            // An int there: it has no zero below zero.
            Ok(V::Float((whole + 0.0) / scale))
        }
        _ => Err(Fault::failed("method must be common, ceil or floor")),
    }
}

/// Rounding an int stays an int; halves go to the even neighbour.
fn round_int(n: i128, digits: i32) -> Res<V> {
    let Ok(places) = u32::try_from(-i64::from(digits)) else { return Ok(V::Int(n)) };
    let Some(scale) = 10i128.checked_pow(places) else { return Ok(V::Int(0)) };
    let (quotient, rest) = (n.div_euclid(scale), n.rem_euclid(scale));
    let up = rest * 2 > scale || (rest * 2 == scale && quotient % 2 != 0);
    (quotient + i128::from(up)).checked_mul(scale).map(V::Int).ok_or_else(too_big)
}

fn real(value: &V, what: &str) -> Res<f64> {
    match value {
        V::Undefined(u) => Err(u.fault()),
        other => other.as_float().ok_or_else(|| {
            Fault::failed(format!("{what}() can only be used on numbers: not on a {}", other.type_name()))
        }),
    }
}

pub(super) fn log(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [base] = args.take("log", ["base"], 0)?;
    let x = real(&on, "log")?;
    let base = given(base).map(|b| real(&b, "log")).transpose()?;
    if x <= 0.0 || base.is_some_and(|b| b <= 0.0) {
        return Err(Fault::failed("math domain error"));
    }
    let answer = match base {
        None => x.ln() / std::f64::consts::E.ln(),
        Some(10.0) => x.log10(),
        Some(1.0) => return Err(Fault::failed("float division by zero")),
        Some(base) => x.ln() / base.ln(),
    };
    Ok(V::Float(answer))
}

pub(super) fn pow(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [y] = args.take("pow", ["y"], 1)?;
    let (x, y) = (real(&on, "pow")?, real(&y.unwrap_or(V::None), "pow")?);
    let power = x.powf(y);
    if power.is_nan() && !x.is_nan() && !y.is_nan() || x == 0.0 && y < 0.0 {
        return Err(Fault::failed("math domain error"));
    }
    if power.is_infinite() && x.is_finite() && y.is_finite() {
        return Err(Fault::failed("math range error"));
    }
    Ok(V::Float(power))
}

pub(super) fn root(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [base] = args.take("root", ["base"], 0)?;
    let x = real(&on, "root")?;
    let base = base.map_or(Ok(2.0), |b| match b.as_float() {
        Some(base) => Ok(base),
        None => number::parse_float(&soft(&b)?).ok_or_else(|| Fault::failed("root() takes a number")),
    })?;
    if base == 0.0 {
        return Err(Fault::failed("float division by zero"));
    }
    let answer = if base == 2.0 { x.sqrt() } else { x.powf(1.0 / base) };
    if answer.is_nan() && !x.is_nan() {
        return Err(Fault::failed("math domain error"));
    }
    Ok(V::Float(answer))
}
