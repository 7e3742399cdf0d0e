//! What WireGuard says about its peers.

use ipnet::IpNet;
use remote::Remote;
use std::net::IpAddr;
use std::time::Duration;

/// One end of a tunnel as the engine shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct End {
    pub host: String,
    pub device: String,
    /// Peers: public key, allowed IPs, last handshake (seconds since 1970; 0: never).
    pub peers: Vec<(String, Vec<IpNet>, u64)>,
}

impl End {
    /// The peer of this key.
    pub(crate) fn peer(&self, key: &str) -> Option<(&[IpNet], u64)> {
        self.peers.iter().find(|(k, ..)| k == key).map(|(_, allowed, shaken)| (allowed.as_slice(), *shaken))
    }
    /// True when some peer's AllowedIPs contain the address.
    pub(crate) fn allows(&self, ip: IpAddr) -> bool {
        self.peers.iter().flat_map(|(_, allowed, _)| allowed).any(|net| net.contains(&ip))
    }
    /// True when any peer has ever shaken hands.
    pub(crate) fn shaken(&self) -> bool {
        self.peers.iter().any(|(.., at)| *at > 0)
    }
}

/// Asks `wg show DEVICE dump`.
///
/// # Errors
/// When the host cannot be asked or has no such interface, in words.
pub(crate) fn dump(remote: &dyn Remote, device: &str) -> Result<End, String> {
    let output = remote
        .run(&["wg", "show", device, "dump"], b"", Duration::from_secs(5))
        .map_err(|e| e.to_string())?;
    if !output.ok() {
        return Err(output.error_text());
    }
    Ok(End { host: remote.name().to_owned(), device: device.to_owned(), peers: parse(&output.text()) })
}

/// Peers follow the interface's own line: public key, preshared key, endpoint, allowed IPs, latest handshake,
/// received, sent, keepalive; separated by tabs.
fn parse(dump: &str) -> Vec<(String, Vec<IpNet>, u64)> {
    dump.lines()
        .skip(1)
        .filter_map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let allowed = fields.get(3)?.split(',').filter_map(|a| a.parse().ok()).collect();
            Some(((*fields.first()?).to_owned(), allowed, fields.get(4)?.parse().ok()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_is_read() {
        let text = "priv\tpub\t51820\toff\nPEER=\t(none)\t203.0.113.7:51820\t10.77.88.1/32,::/0\t1700000000\t1\t2\t25\nNEW=\t(none)\t(none)\t(none)\t0\t0\t0\toff";
        let end = End { peers: parse(text), ..End::default() };
        assert_eq!(end.peer("PEER=").map(|(a, at)| (a.len(), at)), Some((2, 1_700_000_000)));
        assert_eq!(end.peer("NEW=").map(|(a, at)| (a.len(), at)), Some((0, 0)));
        assert!(end.allows("2001:db8::1".parse().unwrap_or(IpAddr::from([0, 0, 0, 0]))));
        assert!(!end.allows(IpAddr::from([198, 18, 0, 1])));
    }
}
