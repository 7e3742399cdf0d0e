//! `nft -j list ruleset` (libnftables-json(5)) as the same tables, chains and rules: each expression becomes the words
//! `nft` would write.

use super::parse::{Rule, Ruleset};
use super::token::priority;
use crate::codes;
use crate::ledger::Ledger;
use diag::{Diagnostic, Place, Report};
use serde_json::Value;

pub(super) fn parse(path: &str, text: &str, ledger: &mut Ledger, out: &mut Ruleset, report: &mut Report) {
    let root: Value = match serde_json::from_str(text) {
        Ok(root) => root,
        Err(e) => {
            let place = Place::new(path, line(e.line()), line(e.column()));
            report.push(Diagnostic::error(codes::NFT_SYNTAX, &place, format!("not JSON: {e}")));
            return;
        }
    };
    // A listing is one line, or many: it has no places of its own.
    let (place, last) = (Place::file(path), line(text.lines().count()));
    let Some(items) = root.get("nftables").and_then(Value::as_array) else {
        report.push(
            Diagnostic::error(codes::NFT_SYNTAX, &place, "no `nftables` at the top")
                .help("`nft -j list ruleset` writes it"),
        );
        return;
    };
    for item in items.iter().filter_map(Value::as_object).flat_map(|o| o.iter()) {
        // A command (`{"add": {"rule": …}}`) holds what a listing has by itself.
        let (kind, body) = match (item.0.as_str(), item.1.as_object().and_then(|o| o.iter().next())) {
            ("add" | "create" | "insert", Some((kind, body))) => (kind.as_str(), body),
            (kind, _) => (kind, item.1),
        };
        let text = |key: &str| body.get(key).map(word).unwrap_or_default();
        let (family, table) = (text("family"), text("table"));
        match kind {
            "metainfo" => {}
            "chain" => {
                let id = ledger.read(&place, last, format!("chain {}", text("name")));
                let Some(chain) = out.chain(&family, &table, &text("name")) else { continue };
                if body.get("hook").is_some() {
                    chain.kind = text("type");
                    chain.hook = text("hook");
                    chain.priority = priority(&[text("prio")]);
                    if body.get("policy").is_some() {
                        chain.policy = text("policy");
                    }
                    chain.head.push(id);
                } else {
                    out.other.push(("chain", id));
                }
            }
            "rule" => {
                let words: Vec<String> = body
                    .get("expr")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .flat_map(statement)
                    .collect();
                let id = ledger.read(&place, last, words.join(" "));
                if let Some(chain) = out.chain(&family, &table, &text("chain")) {
                    chain.rules.push(Rule { words, id });
                }
            }
            "set" | "map" => {
                let words = body.get("elem").map(operand).unwrap_or_default();
                let id = ledger.read(&place, last, format!("{kind} {} {}", text("name"), words.join(" ")));
                out.sets.push((format!("{kind} {}", text("name")), words, id));
            }
            "table" => {
                let id = ledger.read(&place, last, format!("table {family} {}", text("name")));
                out.other.push(("table", id));
            }
            other => {
                let id = ledger.read(&place, last, format!("{other} {}", text("name")));
                out.other.push(("object", id));
            }
        }
    }
}

fn line(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX).max(1)
}

/// A scalar as a word.
fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A statement of a rule as words.
fn statement(value: &Value) -> Vec<String> {
    let Some((key, body)) = value.as_object().and_then(|o| o.iter().next()) else { return vec![word(value)] };
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    match key.as_str() {
        "match" => {
            let side = |key: &str| body.get(key).map(operand).unwrap_or_default();
            let op = body.get("op").map(word).unwrap_or_default();
            let mut out = side("left");
            if !matches!(op.as_str(), "==" | "in") {
                out.push(op);
            }
            out.extend(side("right"));
            out
        }
        "accept" | "drop" | "return" | "continue" | "masquerade" | "notrack" => vec![key.clone()],
        "counter" => words("counter"),
        "jump" | "goto" => vec![key.clone(), body.get("target").map(word).unwrap_or_default()],
        "reject" => match (body.get("type").map(word), body.get("expr").map(word)) {
            (Some(kind), Some(with)) => {
                vec!["reject".into(), "with".into(), kind.replace("tcp reset", "tcp"), with]
            }
            (Some(kind), None) => {
                let mut out = words("reject with");
                out.extend(words(&kind));
                out
            }
            _ => words("reject"),
        },
        "dnat" | "snat" => {
            let part = |key: &str| body.get(key).map(operand).unwrap_or_default().concat();
            let (ip, port) = (part("addr"), part("port"));
            let target = match (ip.contains(':'), port.is_empty()) {
                (_, true) => ip,
                (true, false) => format!("[{ip}]:{port}"),
                (false, false) => format!("{ip}:{port}"),
            };
            let mut out = vec![key.clone()];
            out.extend(body.get("family").map(word));
            out.extend(["to".to_owned(), target]);
            out
        }
        "log" => {
            let mut out = words("log");
            if let Some(prefix) = body.get("prefix") {
                // With the mark the other form's texts have, so that raw text has quotes again.
                out.extend(["prefix".to_owned(), format!("\"{}", word(prefix))]);
            }
            out
        }
        "mangle" => {
            let mut out = body.get("key").map(operand).unwrap_or_default();
            out.push("set".to_owned());
            out.extend(body.get("value").map(operand).unwrap_or_default());
            out
        }
        "limit" => {
            let part = |key: &str| body.get(key).map(word).unwrap_or_default();
            let mut out = words("limit rate");
            if body.get("inv").is_some_and(|v| v.as_bool() == Some(true)) {
                out.push("over".to_owned());
            }
            out.push(format!("{}/{}", part("rate"), part("per")));
            if let Some(burst) = body.get("burst") {
                out.extend(["burst".to_owned(), word(burst), "packets".to_owned()]);
            }
            out
        }
        _ => vec![key.clone(), body.to_string()],
    }
}

/// An expression as words: what stands left and right of an operator.
fn operand(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => set(items),
        Value::Object(map) => match map.iter().next() {
            Some((key, body)) => {
                let text = |k: &str| body.get(k).map(word).unwrap_or_default();
                match key.as_str() {
                    "payload" => vec![text("protocol"), text("field")],
                    "meta" => match text("key").as_str() {
                        key @ ("iifname" | "oifname" | "iif" | "oif") => vec![key.to_owned()],
                        key => vec!["meta".to_owned(), key.to_owned()],
                    },
                    "ct" => {
                        let mut out = vec!["ct".to_owned()];
                        out.extend(body.get("dir").map(word));
                        out.push(text("key"));
                        out
                    }
                    "set" => body.as_array().map_or_else(|| operand(body), |items| set(items)),
                    "prefix" => vec![format!("{}/{}", text("addr"), text("len"))],
                    "range" => {
                        let ends: Vec<String> = body.as_array().into_iter().flatten().map(word).collect();
                        vec![ends.join("-")]
                    }
                    "elem" => body.get("val").map(operand).unwrap_or_default(),
                    "fib" => vec!["fib".to_owned(), body.to_string()],
                    _ => vec![key.clone(), body.to_string()],
                }
            }
            None => Vec::new(),
        },
        scalar => vec![word(scalar)],
    }
}

fn set(items: &[Value]) -> Vec<String> {
    let mut out = vec!["{".to_owned()];
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            out.push(",".to_owned());
        }
        // A map's element is a pair.
        match item.as_array().map(Vec::as_slice) {
            Some([key, value]) => {
                out.extend(operand(key));
                out.push(":".to_owned());
                out.extend(statement(value));
            }
            _ => out.extend(operand(item)),
        }
    }
    out.push("}".to_owned());
    out
}
