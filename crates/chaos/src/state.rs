//! States a machine can be in, drawn from a seed: small, but with one of everything a host has.

use crate::dice::Dice;
use std::collections::{BTreeMap, BTreeSet};

/// Where files may be. The first is in every state and differs in each.
pub const PATHS: [&str; 7] = [
    "/etc/chaos/a/one",
    "/etc/chaos/a/two",
    "/etc/chaos/b/three",
    "/srv/chaos/four",
    "/opt/chaos/deep/er/five",
    "/usr/local/lib/chaos/six",
    DISTRO,
];
/// A file of the distribution: the fleet takes it over in some states and gives it back in others.
pub const DISTRO: &str = "/etc/chaos-distro.conf";
/// What the distribution has in it.
pub const DISTRO_TEXT: &str = "as shipped\n";
/// A file with a secret.
pub const SECRET: &str = "/etc/chaos/secret";
/// What the service reads when it starts.
pub const STATIC: &str = "/etc/chaos/app/static";
/// What the service reads when it is reloaded.
pub const LIVE: &str = "/etc/chaos/app/live";
/// Where the service says what it has read.
pub const LOADED: &str = "/run/chaos-app.live";
/// Kernel settings.
pub const SYSCTL: &str = "/etc/sysctl.d/90-chaos.conf";
/// Packet filter.
pub const NFT: &str = "/etc/chaos/nft.conf";

/// A file's bytes and rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileIs {
    /// Its text, each line ended.
    pub text: String,
    /// Permission bits.
    pub mode: u32,
    /// Owner and group.
    pub owner: &'static str,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserIs {
    /// A system account.
    pub system: bool,
    /// Member of `adm`.
    pub adm: bool,
    /// Its key.
    pub key: Option<String>,
}

/// What goes wrong by the state itself, not by what is done to the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Flaw {
    /// Nothing.
    #[default]
    None,
    /// The checker never ends.
    CheckerHangs,
    /// The checker says no.
    CheckerRefuses,
    /// The checker says yes to a configuration the service does not start with.
    CheckerLies,
    /// The service ends by itself so many milliseconds after it started.
    DiesAfter(u32),
    /// The service ends at once, and systemd starts it again and again until its start limit is hit.
    CrashLoop,
    /// Reloading the service never ends; systemd gives up after 2 s.
    ReloadHangs,
    /// The fleet's own reload command never ends.
    CommandHangs,
    /// A health probe never holds.
    ProbeFails,
}

/// One state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Which it is: unlike all others of the seed.
    pub tag: u64,
    /// Plain files by path.
    pub files: BTreeMap<&'static str, FileIs>,
    /// Value of the secret.
    pub secret: String,
    /// Links by path.
    pub links: BTreeMap<&'static str, &'static str>,
    /// Directories by path, with mode and owner.
    pub dirs: BTreeMap<&'static str, (u32, &'static str)>,
    /// Accounts.
    pub users: BTreeMap<&'static str, UserIs>,
    /// `net.ipv4.tcp_fin_timeout`.
    pub fin_timeout: u64,
    /// The port its packet filter lets in; no filter at all.
    pub port: Option<u64>,
    /// What the service is started with.
    pub fixed: u64,
    /// What the service is reloaded with.
    pub live: u64,
    /// Its unit file says something else.
    pub described: u64,
    /// A second service, with what it is started with.
    pub worker: Option<u64>,
    /// A timer, with its minute.
    pub timer: Option<u64>,
    /// What is wrong with it.
    pub flaw: Flaw,
}

impl State {
    /// The state before case `index` and after case `index - 1`.
    pub fn of(seed: u64, index: u64) -> Self {
        let mut dice = Dice::new(seed, index, "state");
        // Accounts and the packet filter change more seldom: they take the longest.
        let mut slow = Dice::new(seed, index / 3, "slow");
        let mut users = BTreeMap::new();
        if slow.percent(50) {
            let key = slow.percent(70).then(|| format!("ssh-ed25519 AAAA{} kaa", slow.below(9)));
            users.insert("kaa", UserIs { system: false, adm: slow.percent(50), key });
        }
        if slow.percent(40) {
            users.insert("kab", UserIs { system: true, adm: slow.percent(50), key: None });
        }
        let port = slow.percent(70).then(|| slow.between(1000, 1003));
        let owner = |dice: &mut Dice| match users.keys().next() {
            Some(user) if dice.percent(25) => *user,
            _ => "root",
        };
        let mut files = BTreeMap::new();
        for (n, path) in PATHS.iter().enumerate() {
            if n > 0 && dice.percent(35) {
                continue;
            }
            let lines = if dice.percent(15) { dice.between(200, 900) } else { dice.between(1, 4) };
            let variant = if n == 0 { index } else { dice.below(3) };
            let text = (0..lines).map(|l| format!("{path} {variant} line {l}\n")).collect();
            let mode = dice.pick(&[0o644, 0o644, 0o600, 0o755]).copied().unwrap_or(0o644);
            files.insert(*path, FileIs { text, mode, owner: owner(&mut dice) });
        }
        let mut links = BTreeMap::new();
        if dice.percent(60) {
            links.insert("/etc/chaos/current", dice.word(&["a", "b", "/srv/chaos"]));
        }
        if dice.percent(50) {
            links.insert("/usr/local/bin/chaos-tool", dice.word(&["/bin/true", "/bin/false"]));
        }
        let mut dirs = BTreeMap::new();
        for (path, chance) in [("/srv/chaos", 100), ("/srv/chaos/d1", 60), ("/var/lib/chaos", 60)] {
            if dice.percent(chance) {
                let mode = dice.pick(&[0o755, 0o750, 0o700]).copied().unwrap_or(0o755);
                dirs.insert(path, (mode, owner(&mut dice)));
            }
        }
        State {
            tag: index,
            files,
            secret: format!("s{}", dice.below(3)),
            links,
            dirs,
            fin_timeout: 31 + dice.below(4),
            port,
            fixed: dice.below(3),
            live: dice.below(3),
            described: dice.below(4) / 2,
            worker: dice.percent(50).then(|| dice.below(2)),
            timer: dice.percent(50).then(|| dice.below(60)),
            flaw: Flaw::None,
            users,
        }
    }

    /// The same state with something wrong in it.
    #[must_use]
    pub fn with(&self, flaw: Flaw) -> Self {
        State { flaw, ..self.clone() }
    }

    /// Units that must be there, with what kind of thing each is.
    pub fn units(&self) -> BTreeSet<&'static str> {
        let mut units = BTreeSet::from(["chaos-app.service", "chaos-sysctl.service"]);
        units.extend(self.port.map(|_| "chaos-nft.service"));
        units.extend(self.worker.map(|_| "chaos-worker.service"));
        units.extend(self.timer.map(|_| "chaos-tick.timer"));
        units
    }
}

/// Every unit that some state has.
pub const UNITS: [&str; 5] = [
    "chaos-app.service",
    "chaos-nft.service",
    "chaos-sysctl.service",
    "chaos-tick.timer",
    "chaos-worker.service",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_states_differ_and_each_thing_comes_and_goes() {
        let states: Vec<State> = (0..200).map(|n| State::of(5, n)).collect();
        assert!(states.windows(2).all(|w| w[0] != w[1]));
        let some = |what: &dyn Fn(&State) -> bool| {
            let count = states.iter().filter(|s| what(s)).count();
            (20..180).contains(&count)
        };
        assert!(some(&|s| s.users.contains_key("kaa")) && some(&|s| s.port.is_some()));
        assert!(some(&|s| s.worker.is_some()) && some(&|s| s.timer.is_some()));
        assert!(PATHS[1..].iter().all(|p| some(&|s| s.files.contains_key(p))));
        assert_eq!(State::of(5, 7), State::of(5, 7));
    }
}
