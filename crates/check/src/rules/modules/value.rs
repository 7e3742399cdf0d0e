//! Values of parameters against their types.

use model::{Bytes, Cx, Decode, Node, NodeKind, Param, ParamType, Seconds};

/// How a value does not fit a parameter.
pub(super) enum Misfit {
    /// It is of another type; what was expected.
    Type(String),
    /// It is out of the parameter's range; the range in words.
    Range(String),
}

/// How the value does not fit, if it does not.
pub(super) fn misfit(param: &Param, node: &Node) -> Option<Misfit> {
    let fits = |good: bool, expected: &str| (!good).then(|| Misfit::Type(expected.to_owned()));
    match param.r#type {
        ParamType::Text => fits(node.text().is_some(), "a text"),
        ParamType::Number => number(param, node),
        ParamType::Bool => fits(reads::<bool>(node), "`yes` or `no`"),
        ParamType::Duration => fits(reads::<Seconds>(node), "a duration, e.g. 30s or 15d"),
        ParamType::Size => fits(reads::<Bytes>(node), "a size, e.g. 512MiB"),
        ParamType::Choice => {
            let known = node.text().is_some_and(|t| param.choices.iter().any(|c| c == t));
            (!known).then(|| Misfit::Range(format!("one of {}", param.choices.join(", "))))
        }
        ParamType::List => {
            let texts = match &node.kind {
                NodeKind::List(items) => items.iter().all(|i| i.text().is_some()),
                NodeKind::Scalar { .. } | NodeKind::Null => true,
                NodeKind::Map(_) => false,
            };
            fits(texts, "a list of texts")
        }
        ParamType::Any => None,
    }
}

fn reads<T: Decode>(node: &Node) -> bool {
    let mut cx = Cx::default();
    T::decode(node, &mut cx).is_some() && cx.report.items.is_empty()
}

fn number(param: &Param, node: &Node) -> Option<Misfit> {
    let Some(number) = node.text().and_then(|t| t.parse::<u64>().ok()) else {
        return Some(Misfit::Type("a whole number".to_owned()));
    };
    let low = param.min.is_some_and(|min| number < min);
    let high = param.max.is_some_and(|max| number > max);
    (low || high).then(|| {
        Misfit::Range(match (param.min, param.max) {
            (Some(min), Some(max)) => format!("{min} to {max}"),
            (Some(min), None) => format!("at least {min}"),
            (None, Some(max)) => format!("at most {max}"),
            (None, None) => String::new(),
        })
    })
}
