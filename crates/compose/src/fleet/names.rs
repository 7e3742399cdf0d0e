//! What services, volumes and ports of a project are called in a fleet.

use crate::codes;
use crate::draft::{Port, Said, Service};
use diag::{Diagnostic, Report};
use std::collections::BTreeMap;

/// Names of a project's services in the fleet, by their names in the project.
pub(super) struct Names(BTreeMap<String, String>);

impl Names {
    pub(super) fn of(services: &[Service], prefix: &str, report: &mut Report) -> Names {
        let mut names = BTreeMap::new();
        let mut taken: BTreeMap<String, &Service> = BTreeMap::new();
        for service in services {
            let name = format!("{prefix}{}", label(&service.name));
            if let Some(fault) = model::ids::name_fault(&name) {
                let message = format!("`{name}` cannot be the name of a service: {fault}");
                report.push(
                    Diagnostic::error(codes::SERVICE_NAME, &service.place, message)
                        .help("rename it in the Compose file, or change the entry's `prefix`"),
                );
                continue;
            }
            if let Some(other) = taken.get(&name) {
                let message =
                    format!("`{}` and `{}` would both be the service `{name}`", other.name, service.name);
                report.push(
                    Diagnostic::error(codes::SAME_SERVICE, &service.place, message)
                        .label(&other.place, "the other one")
                        .help("rename one of them in the Compose file"),
                );
                continue;
            }
            taken.insert(name.clone(), service);
            names.insert(service.name.clone(), name);
        }
        Names(names)
    }

    pub(super) fn get(&self, service: &str) -> Option<&str> {
        self.0.get(service).map(String::as_str)
    }
}

/// A text as a name of the model: lower case, `-` for every other character, none at its ends.
pub(super) fn label(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let all: String = text.chars().map(plain).collect();
    all.trim_matches('-').to_owned()
}

/// What a port is called: as it is called there, by its number's name, or `tcp-8096`.
pub(super) fn port(port: &Port) -> String {
    let said = port.name.as_deref().map(label).filter(|name| model::ids::name_fault(name).is_none());
    said.unwrap_or_else(|| of_number(port.target, &port.protocol))
}

/// What a port is called by its number.
pub(super) fn of_number(number: u16, protocol: &str) -> String {
    let known = model::NAMED_PORTS
        .iter()
        .find(|(_, ports)| matches!(ports, [(proto, port)] if *port == number && proto.word() == protocol));
    known.map_or_else(|| format!("{protocol}-{number}"), |(name, _)| (*name).to_owned())
}

/// The ports of `3000`, `53/udp`, `3000-3005`.
pub(super) fn exposed(text: &Said<String>) -> Vec<(u16, &str)> {
    let (ports, protocol) = text.value.split_once('/').unwrap_or((&text.value, "tcp"));
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    match (first.parse::<u16>(), last.parse::<u16>()) {
        (Ok(first), Ok(last)) => (first..=last).map(|port| (port, protocol)).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_names_of_the_model() {
        assert_eq!(label("My_App.web"), "my-app-web");
        assert_eq!(label("__"), "");
        assert_eq!(of_number(80, "tcp"), "http");
        assert_eq!(of_number(53, "udp"), "udp-53");
        assert_eq!(of_number(8096, "tcp"), "tcp-8096");
    }
}
