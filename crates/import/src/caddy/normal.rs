//! What a Caddyfile means: sites by address, directives without their wrappers and snippets.

use super::parse::{Directive, parse};
use super::sites::{self, Caddyfile};
use crate::ledger::Ledger;
use crate::{ImportFile, Normal};
use diag::Report;

pub(super) fn normal(files: &[ImportFile]) -> Normal {
    let mut out = Normal::new();
    for file in files {
        let top = parse(&file.path, &file.text, &mut Report::new());
        one(&sites::read(top, &mut Ledger::default()), &mut out);
    }
    out
}

fn one(file: &Caddyfile, out: &mut Normal) {
    for (option, _) in &file.global {
        add(option, "global", out);
    }
    for site in &file.sites {
        for address in &site.addresses {
            let about = format!("site {}", address.shown());
            out.entry(about.clone()).or_insert_with(|| "yes".to_owned());
            for (directive, _) in &site.inside {
                add(directive, &about, out);
            }
        }
    }
}

/// A directive under its name and matcher; several of one name stand beside each other in their order.
fn add(directive: &Directive, about: &str, out: &mut Normal) {
    let name = match directive.name() {
        // Caddy 2.8 gave it a new name.
        "basicauth" => "basic_auth",
        name => name,
    };
    let matcher = directive.matcher().map(|m| format!(" {m}")).unwrap_or_default();
    let wrapper = matches!(name, "route" | "handle");
    let about =
        if wrapper && matcher.is_empty() { about.to_owned() } else { format!("{about} / {name}{matcher}") };
    if !wrapper {
        // Who may sign in, not with which password.
        let secret = about.contains("basic_auth");
        let args = directive.args().iter().take(if secret { 0 } else { usize::MAX });
        let value = args.map(|arg| plain(name, arg)).collect::<Vec<_>>().join(" ");
        let have = out.entry(about.clone()).or_default();
        if !have.is_empty() {
            have.push_str(" | ");
        }
        have.push_str(if value.is_empty() { "yes" } else { &value });
    }
    for inner in &directive.block {
        add(inner, &about, out);
    }
}

/// One way of writing an upstream on this machine, and a size.
fn plain(name: &str, arg: &str) -> String {
    match name {
        "reverse_proxy" | "to" => {
            let arg = arg.strip_prefix("http://").unwrap_or(arg);
            arg.strip_prefix("localhost:").map_or_else(|| arg.to_owned(), |port| format!("127.0.0.1:{port}"))
        }
        "max_size" => bytes(arg).map_or_else(|| arg.to_owned(), |bytes| bytes.to_string()),
        _ => arg.to_owned(),
    }
}

/// `50MB` and `50MiB` in bytes.
fn bytes(text: &str) -> Option<u64> {
    let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(at);
    let unit: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}
