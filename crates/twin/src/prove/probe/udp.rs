//! Datagrams past a filter: a counting rule behind all filters of the receiving namespace sees whether they
//! got through, whoever reads them or not. It lies in a table of its own for the moment of the probe.

use super::super::ground::{Ground, within};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

static NEXT: AtomicU32 = AtomicU32::new(0);
/// What is sent, so that only our own datagrams count: no other program sends this length.
const LENGTH: usize = 237;

/// Sends datagrams from one node until the filters of another have let one in, or the time is over. True
/// when one got in.
///
/// # Errors
/// When the counter or the socket cannot be made, in words.
pub(crate) fn arrives(
    ground: &dyn Ground,
    from: &str,
    to: SocketAddr,
    at: &str,
    limit: Duration,
) -> Result<bool, String> {
    let table = format!("fleetwright_probe_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let port = to.port();
    // 8 bytes of UDP header; priority behind every filter that a ruleset may have (filter is 0).
    let length = LENGTH + 8;
    let rules = format!(
        "table inet {table} {{\n chain input {{\n  type filter hook input priority 500; policy accept;\n  udp dport {port} udp length {length} counter\n }}\n}}\n"
    );
    within(ground, at, || nft(&["-f", "-"], &rules))??;
    let result = count(ground, from, to, at, &table, limit);
    let removed = within(ground, at, || nft(&["delete", "table", "inet", &table], ""));
    let seen = result?;
    removed??;
    Ok(seen)
}

fn count(
    ground: &dyn Ground,
    from: &str,
    to: SocketAddr,
    at: &str,
    table: &str,
    limit: Duration,
) -> Result<bool, String> {
    let any: IpAddr = if to.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = within(ground, from, || UdpSocket::bind((any, 0)))?.map_err(|e| format!("{from}: {e}"))?;
    let end = Instant::now() + limit;
    loop {
        // A rejected datagram makes a later send fail: that is an answer as well, the counter decides.
        let _ = socket.send_to(&[0u8; LENGTH], to);
        std::thread::sleep(Duration::from_millis(40));
        let listing = within(ground, at, || nft(&["list", "table", "inet", table], ""))??;
        if packets(&listing) > 0 {
            return Ok(true);
        }
        if Instant::now() >= end {
            return Ok(false);
        }
    }
}

fn packets(listing: &str) -> u64 {
    let mut words = listing.split_ascii_whitespace();
    while let Some(word) = words.next() {
        if word == "packets" {
            return words.next().and_then(|n| n.parse().ok()).unwrap_or(0);
        }
    }
    0
}

fn nft(args: &[&str], input: &str) -> Result<String, String> {
    let said = |e: std::io::Error| format!("nft {}: {e}", args.join(" "));
    let mut child = Command::new("nft")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(said)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).map_err(said)?;
    }
    let output = child.wait_with_output().map_err(said)?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("nft {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr).trim()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_read() {
        let listing =
            "table inet x {\n chain input {\n udp dport 5 udp length 245 counter packets 3 bytes 700\n }\n}";
        assert_eq!(packets(listing), 3);
        assert_eq!(packets("table inet x { }"), 0);
    }
}
