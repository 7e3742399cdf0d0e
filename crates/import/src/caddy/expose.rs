//! A site's name as an exposure: who signs in, who signs, from where.

use super::parse::Directive;
use super::sites::{Address, Site};
use crate::ledger::Ledger;
use crate::yaml::{Map, Yaml};
use ipnet::IpNet;

/// A name under which the service is reached.
pub(super) fn expose(address: &Address, site: &Site, service: &str, ledger: &mut Ledger) -> Option<Yaml> {
    if address.host.is_empty() || address.host.contains('*') {
        ledger.note(site.id, format!("`{}`: an exposure has one name", address.shown()));
        return None;
    }
    if !address.host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')) {
        ledger.note(site.id, format!("`{}`: no name that DNS has", address.shown()));
        return None;
    }
    if address.port.is_some_and(|p| !matches!(p, 80 | 443)) {
        ledger.note(site.id, format!("`{}`: names are reached on ports 80 and 443", address.shown()));
        return None;
    }
    let mut map = Map::new();
    map.set("host", address.host.as_str());
    let has = |name: &[&str]| site.inside.iter().find(|(d, _)| name.contains(&d.name()));
    let internal = has(&["tls"]).is_some_and(|(d, _)| d.args().first().is_some_and(|a| a == "internal"));
    let inside = site.inside.iter().any(|(d, _)| only_inside(d));
    let private = [".lan", ".local", ".home.arpa", ".internal", ".home", ".localdomain"]
        .iter()
        .any(|end| address.host.ends_with(end));
    if inside || private {
        map.set("to", "lan");
        if !inside {
            ledger.note(
                site.id,
                format!(
                    "{} is no name of the internet: `to: lan` lets in the LANs of the fleet only",
                    address.host
                ),
            );
        }
    }
    if address.shown().starts_with("http://") {
        map.set("certificate", "none");
    } else if internal || private {
        map.set("certificate", "internal");
    }
    if has(&["basicauth", "basic_auth"]).is_some() {
        let mut auth = Map::new();
        auth.set("basic", format!("secret/{service}-password"));
        map.set("auth", auth);
    } else if has(&["forward_auth"]).is_some() {
        map.set("auth", "sso");
    } else if inside || private {
        map.set("auth", "none");
    } else {
        map.set("auth", "none").set("public", true);
        ledger.note(site.id, format!("nobody asks at the proxy who comes to {}: `auth: none` with `public: yes`; where the service asks itself, write `auth: own`", address.host));
    }
    if let Some(size) =
        site.inside.iter().find(|(d, _)| d.name() == "request_body").and_then(|(d, _)| body(d))
    {
        let mut limits = Map::new();
        limits.set("body", size);
        map.set("limits", limits);
    }
    Some(map.into())
}

/// The largest body, where it is written as the model writes sizes.
pub(super) fn body(directive: &Directive) -> Option<String> {
    let size = directive.block.iter().find(|d| d.name() == "max_size")?.args().first()?;
    let digits = size.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = size.get(digits.len()..)?;
    let fits = digits.parse::<u64>().is_ok() && matches!(unit, "KiB" | "MiB" | "GiB" | "KB" | "MB" | "GB");
    fits.then(|| size.clone())
}

/// `@outside not remote_ip 192.168.0.0/16 …`, of private ranges only.
pub(super) fn only_inside(directive: &Directive) -> bool {
    if !directive.name().starts_with('@') {
        return false;
    }
    let words: Vec<&str> = directive.words.iter().skip(1).map(String::as_str).collect();
    let inner: Vec<&str> = directive.block.iter().flat_map(|d| d.words.iter().map(String::as_str)).collect();
    let words = if words.is_empty() { inner } else { words };
    let (Some(["not", "remote_ip" | "client_ip"]), Some(ranges)) = (words.get(..2), words.get(2..)) else {
        return false;
    };
    let private = |r: &&str| match r.parse::<IpNet>() {
        Ok(IpNet::V4(net)) => net.network().is_private() || net.network().is_loopback(),
        Ok(IpNet::V6(net)) => net.network().segments()[0] & 0xfe00 == 0xfc00 || net.network().is_loopback(),
        Err(_) => *r == "private_ranges" || *r == "forwarded",
    };
    !ranges.is_empty() && ranges.iter().all(private)
}
