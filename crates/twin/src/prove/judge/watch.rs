//! Are scrape targets up, and does nothing fire?

use super::super::context::ProveContext;
use super::super::ground::within;
use super::super::probe::http::{Response, get};
use super::super::question::{Ask, Question};
use super::super::verdict::Outcome;
use derive::fleet::Watcher;
use model::HostId;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(3);

/// A plain HTTP request from within a node.
pub(crate) fn fetch(
    ctx: &ProveContext<'_>,
    node: &str,
    to: SocketAddr,
    path: &str,
) -> Result<Response, String> {
    let connected = within(ctx.ground, node, || TcpStream::connect_timeout(&to, LIMIT))?;
    let mut stream = connected.map_err(|e| format!("connect to {to}: {e}"))?;
    stream.set_read_timeout(Some(LIMIT)).map_err(|e| e.to_string())?;
    let response = get(&mut stream, &to.to_string(), path, &[("Connection", "close")]);
    let response = response.map_err(|e| format!("GET {path} at {to}: {e}"))?;
    if response.status == 200 { Ok(response) } else { Err(format!("GET {path} at {to}: {}", response.say())) }
}

/// Where a watcher's own Prometheus answers on its host.
fn prometheus(ctx: &ProveContext<'_>, watcher: &Watcher) -> Option<SocketAddr> {
    let host = ctx.fleet.hosts.get(&watcher.host)?;
    let instance = host.instances.iter().find(|i| i.service == watcher.service)?;
    let port = instance.ports.get(instance.main.as_ref()?)?.number;
    Some(SocketAddr::new(instance.listen.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), port))
}

pub(super) fn scrapes(ctx: &ProveContext<'_>, watcher: usize, group: &[&Question]) -> Vec<Outcome> {
    let Some(watcher) = ctx.fleet.watchers.get(watcher) else {
        return vec![Outcome::unjudged("no such watcher"); group.len()];
    };
    let Some(at) = prometheus(ctx, watcher) else {
        return vec![Outcome::unjudged(format!("{} has no port", watcher.service)); group.len()];
    };
    let probe = "GET /api/v1/targets";
    let targets = fetch(ctx, watcher.host.as_str(), at, "/api/v1/targets?state=active")
        .and_then(|r| r.json().ok_or_else(|| "the answer is no JSON".to_owned()));
    let targets = match targets {
        Ok(targets) => targets,
        Err(e) => return vec![Outcome::refuted(&watcher.host, probe, e); group.len()],
    };
    let active = targets["data"]["activeTargets"].as_array().map(Vec::as_slice).unwrap_or_default();
    let judge = |question: &&Question| {
        let Ask::Scrape { scrape, .. } = &question.ask else { return Outcome::unjudged("not a scrape") };
        let Some(scrape) = watcher.scrapes.get(*scrape) else { return Outcome::unjudged("no such target") };
        let url = format!("http://{}{}", SocketAddr::new(scrape.address, scrape.port), scrape.path);
        let Some(target) = active.iter().find(|t| t["scrapeUrl"].as_str() == Some(url.as_str())) else {
            return Outcome::refuted(
                &watcher.host,
                probe,
                format!("{url} is not among its {} targets", active.len()),
            );
        };
        match (target["health"].as_str(), target["lastError"].as_str()) {
            (Some("up"), _) => Outcome::proved("up"),
            (health, error) => {
                let health = health.unwrap_or("without health");
                Outcome::refuted(
                    &watcher.host,
                    probe,
                    format!("{url}: {health}: {}", error.unwrap_or_default()),
                )
            }
        }
    };
    group.iter().map(judge).collect()
}

/// An alert as an Alertmanager knows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Active {
    pub name: String,
    pub component: String,
    pub severity: String,
    /// The watcher that saw it.
    pub watcher: String,
    /// It is told to nobody because another one explains it.
    pub inhibited: bool,
}

/// Everything active at an Alertmanager, asked from its own host.
pub(crate) fn active(
    ctx: &ProveContext<'_>,
    host: &HostId,
    address: IpAddr,
    port: u16,
) -> Result<Vec<Active>, String> {
    let path = "/api/v2/alerts?active=true&silenced=true&inhibited=true&unprocessed=true";
    let response = fetch(ctx, host.as_str(), SocketAddr::new(address, port), path)?;
    let json = response.json().ok_or_else(|| "the answer is no JSON".to_owned())?;
    let list = json.as_array().ok_or_else(|| "the answer is no list".to_owned())?;
    let text = |alert: &serde_json::Value, label: &str| {
        alert["labels"][label].as_str().unwrap_or_default().to_owned()
    };
    let mut all: Vec<Active> = list
        .iter()
        .map(|alert| Active {
            name: text(alert, "alertname"),
            component: text(alert, "component"),
            severity: text(alert, "severity"),
            watcher: text(alert, "watcher"),
            inhibited: alert["status"]["inhibitedBy"].as_array().is_some_and(|by| !by.is_empty()),
        })
        .collect();
    all.sort();
    Ok(all)
}

pub(super) fn quiet(ctx: &ProveContext<'_>, host: &HostId, address: IpAddr, port: u16) -> Outcome {
    let probe = "GET /api/v2/alerts";
    match active(ctx, host, address, port) {
        Err(e) => Outcome::refuted(host, probe, e),
        Ok(all) if all.is_empty() => Outcome::proved("nothing fires"),
        Ok(all) => {
            let names: Vec<String> = all.iter().map(|a| format!("{} {}", a.name, a.component)).collect();
            Outcome::refuted(host, probe, names.join(", "))
        }
    }
}
