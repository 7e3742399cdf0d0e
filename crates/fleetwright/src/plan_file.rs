//! A plan in a file: what somebody looked at is what is applied, or nothing is.
//!
//! `fleetwright-plan 1`, a line with the SHA-256 of the rest, then JSON. The hash finds accidents and careless
//! edits; it is no signature. What makes a plan safe to take from anywhere is that it brings nothing of its
//! own: the desired states are rendered again from the sources, the hosts are looked at again, and both must
//! have the digests the plan names. It holds no secret values.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::{clock, codes, trouble};
use artifact::hash_hex;
use plan::FleetPlan;
use serde::{Deserialize, Serialize};
use source::Sources;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The first line of a plan file, without the version.
const MAGIC: &str = "fleetwright-plan";
/// The version of the format.
const FORMAT: u32 = 1;
/// Longer files are no plans.
const MOST: u64 = 256 << 20;

/// What a plan file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanFile {
    /// Who made it, `user@machine`.
    pub who: String,
    /// When, seconds since the epoch.
    pub at: u64,
    /// Version of the program.
    pub version: String,
    /// [`fleet_identity`].
    pub fleet: String,
    /// The fleet's name, for people.
    pub name: String,
    /// Where its hosts are: `twin NAME`, `this machine` …
    pub environment: String,
    /// [`sources_digest`].
    pub sources: String,
    /// `FlatDesired::digest` by host, also of hosts with nothing to do.
    pub desired: BTreeMap<String, String>,
    /// `HostPlan::digest` by host.
    pub plans: BTreeMap<String, String>,
    /// The plan as it was shown, secrets hidden.
    pub plan: FleetPlan,
}

/// Which fleet it is, whatever folder it lies in and however it changes: a hash of its name and domain.
pub fn fleet_identity(model: &model::Fleet, name: &str) -> String {
    let written = model.name.as_ref().map_or(name, |n| n.value.as_str());
    let domain = model.domain.as_ref().map_or("", |d| d.value.as_str());
    hash_hex(serde_json::to_string(&("fleet", written, domain)).unwrap_or_default().as_bytes())
}

/// Hash of every source file and of the lock.
pub fn sources_digest(sources: &Sources, lock: &str) -> String {
    let mut all: BTreeMap<&str, String> =
        sources.files.iter().map(|(path, bytes)| (path.as_str(), hash_hex(bytes))).collect();
    all.insert(derive::lock::FILE, hash_hex(lock.as_bytes()));
    hash_hex(serde_json::to_string(&all).unwrap_or_default().as_bytes())
}

impl PlanFile {
    /// A plan somebody looked at.
    pub fn new(
        who: &str,
        environment: &str,
        fleet: (String, String),
        sources: String,
        plan: FleetPlan,
    ) -> Self {
        let (fleet, name) = fleet;
        PlanFile {
            who: who.to_owned(),
            at: clock::now(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            fleet,
            name,
            environment: environment.to_owned(),
            sources,
            desired: plan.hosts.iter().map(|(h, p)| (h.clone(), p.to.clone())).collect(),
            plans: plan.hosts.iter().map(|(h, p)| (h.clone(), p.digest())).collect(),
            plan,
        }
    }

    /// The bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let body = serde_json::to_string(self).unwrap_or_default();
        format!("{MAGIC} {FORMAT}\n{}\n{body}", hash_hex(body.as_bytes())).into_bytes()
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// In words, when they are no plan, a damaged one or one of a newer version.
    pub fn of_bytes(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "it is no plan file".to_owned())?;
        let mut parts = text.splitn(3, '\n');
        let (Some(first), Some(sum), Some(body)) = (parts.next(), parts.next(), parts.next()) else {
            return Err("it is no plan file".to_owned());
        };
        let format = first.strip_prefix(MAGIC).map(str::trim_start).ok_or("it is no plan file")?;
        match format.parse::<u32>() {
            Ok(FORMAT) if first == format!("{MAGIC} {FORMAT}") => {}
            Ok(newer) if newer > FORMAT => {
                return Err(format!("its format is {newer}, and this program knows {FORMAT}"));
            }
            _ => return Err("it is no plan file".to_owned()),
        }
        if sum != hash_hex(body.as_bytes()) {
            return Err("it was changed or cut short after it was made".to_owned());
        }
        let plan: PlanFile = serde_json::from_str(body).map_err(|e| format!("it cannot be read: {e}"))?;
        // The digests are what is held against the world, the plan is what was looked at: they are one.
        let shown: BTreeMap<String, String> =
            plan.plan.hosts.iter().map(|(h, p)| (h.clone(), p.digest())).collect();
        let goals: BTreeMap<String, String> =
            plan.plan.hosts.iter().map(|(h, p)| (h.clone(), p.to.clone())).collect();
        if shown != plan.plans || goals != plan.desired {
            return Err("its steps are not those its digests are of".to_owned());
        }
        Ok(plan)
    }

    /// Writes it, mode 0600: it names what a fleet is made of.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        let fail = |e: std::io::Error| {
            Failure::bare(Exit::Errors, codes::UNWRITABLE, format!("{}: {e}", path.display()))
        };
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let staged = path.with_file_name(format!(".{name}.new-{}", std::process::id()));
        let written = (|| {
            let mut file =
                fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&staged)?;
            file.write_all(&self.to_bytes())?;
            file.sync_all()?;
            fs::rename(&staged, path)
        })();
        written.map_err(|e| {
            let _ = fs::remove_file(&staged);
            fail(e)
        })
    }

    /// Reads one.
    ///
    /// # Errors
    /// FW3002 when there is none, FW1030 when it is no plan or a damaged one.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let unreadable = |e: std::io::Error| {
            Failure::bare(Exit::Errors, codes::UNREADABLE, format!("{}: {e}", path.display()))
        };
        let unusable = |what: String| {
            Failure::bare(Exit::Errors, trouble::PLAN_FILE, format!("{}: {what}", path.display()))
                .help("make it anew with `fleetwright plan --out FILE`")
        };
        if fs::metadata(path).map_err(unreadable)?.len() > MOST {
            return Err(unusable("it is no plan file".to_owned()));
        }
        PlanFile::of_bytes(&fs::read(path).map_err(unreadable)?).map_err(unusable)
    }

    /// Holds it against the fleet it is to be applied to, before any host is asked.
    ///
    /// # Errors
    /// FW1031 when it is of another fleet or environment; FW1032 when the sources are other ones. `desired` are
    /// the digests of what is rendered now.
    pub fn fits(
        &self,
        fleet: &str,
        environment: &str,
        sources: &str,
        desired: &BTreeMap<String, String>,
    ) -> Result<(), Failure> {
        let made = format!("the plan was made by {} at {} UTC", self.who, clock::moment(self.at));
        if self.fleet != fleet {
            let what = format!("{made} of another fleet, {}", self.name);
            return Err(Failure::bare(Exit::Refuted, trouble::OTHER_FLEET, what)
                .help("apply it with `-C` and the folder of that fleet"));
        }
        if self.environment != environment {
            let what = format!("{made} for {}, not for {environment}", self.environment);
            return Err(Failure::bare(Exit::Refuted, trouble::OTHER_FLEET, what)
                .help("apply it with the same --twin or --local as it was made with"));
        }
        let moved: Vec<&str> = self
            .desired
            .iter()
            .filter(|(h, d)| desired.get(*h) != Some(d))
            .map(|(h, _)| h.as_str())
            .collect();
        if !moved.is_empty() {
            return Err(stale(format!(
                "{made}; since then the sources of {} have changed",
                moved.join(", ")
            )));
        }
        if self.sources != sources {
            return Err(stale(format!("{made}; since then the sources have changed")));
        }
        if let Some((host, why)) = self.plan.unknown.iter().next() {
            return Err(stale(format!("{made}, when nobody could look at {host}: {why}")));
        }
        Ok(())
    }

    /// Holds it against what the hosts are now.
    ///
    /// # Errors
    /// FW1032 with each host that moved and what differs.
    pub fn still(&self, now: &FleetPlan) -> Result<(), Failure> {
        let mut moved = Vec::new();
        for (host, was) in &self.plan.hosts {
            match now.hosts.get(host) {
                Some(is) if is.digest() == self.plans[host] => {}
                Some(is) => moved.push(format!("{host}: {}", difference(was, is))),
                None => {
                    let why = now.unknown.get(host).map_or("not looked at", String::as_str);
                    moved.push(format!("{host}: {why}"));
                }
            }
        }
        if moved.is_empty() {
            Ok(())
        } else {
            Err(stale(format!("the plan no longer fits: {}", moved.join("; "))))
        }
    }
}

fn stale(what: String) -> Failure {
    Failure::bare(Exit::Refuted, trouble::PLAN_STALE, what).help("plan again and look at it again")
}

/// What another plan of a host has that this one has not, in a few words.
fn difference(was: &plan::HostPlan, is: &plan::HostPlan) -> String {
    if was.from != is.from {
        return format!("it was at generation {} and is at {}", was.from, is.from);
    }
    let words = |p: &plan::HostPlan| -> Vec<String> {
        p.steps
            .iter()
            .map(|s| {
                format!("{} {} {} {}", s.step.change, s.step.kind, s.step.name, s.step.detail.join(", "))
            })
            .collect()
    };
    let (before, after) = (words(was), words(is));
    let new = after.iter().find(|w| !before.contains(w)).map(|w| format!("now also to {}", w.trim()));
    let gone = before.iter().find(|w| !after.contains(w)).map(|w| format!("no longer to {}", w.trim()));
    new.or(gone).unwrap_or_else(|| "its steps have another order".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use plan::{Change, HostPlan, Kind, PlannedStep, Step};

    fn host(name: &str, files: &[&str]) -> HostPlan {
        let step = |f: &&str| PlannedStep {
            step: Step { kind: Kind::File, name: (*f).to_owned(), change: Change::Update, detail: vec![] },
            why: vec![],
            diff: Some("-a\n+b\n".to_owned()),
            interruption: "none".to_owned(),
            undo: String::new(),
        };
        HostPlan {
            host: name.to_owned(),
            from: 3,
            to: "abc".to_owned(),
            steps: files.iter().map(step).collect(),
            ..HostPlan::default()
        }
    }

    fn fleet(hosts: &[HostPlan]) -> FleetPlan {
        let hosts = hosts.iter().map(|h| (h.host.clone(), h.clone())).collect();
        FleetPlan { hosts, ..FleetPlan::default() }
    }

    fn made() -> PlanFile {
        let plan = fleet(&[host("gw", &["/etc/a"]), host("nas", &[])]);
        PlanFile::new("olena@laptop", "twin a", ("F".into(), "home".into()), "S".into(), plan)
    }

    fn digests() -> BTreeMap<String, String> {
        ["gw", "nas"].iter().map(|h| ((*h).to_owned(), "abc".to_owned())).collect()
    }

    fn code(of: Result<(), Failure>) -> (&'static str, String) {
        let failure = of.unwrap_err();
        (failure.report.items[0].code, failure.report.items[0].message.clone())
    }

    #[test]
    fn a_changed_byte_anywhere_is_refused() {
        let bytes = made().to_bytes();
        assert_eq!(PlanFile::of_bytes(&bytes).unwrap(), made_at(&bytes));
        for at in 0..bytes.len() {
            for flip in [1u8, 0x80] {
                let mut other = bytes.clone();
                other[at] ^= flip;
                assert!(PlanFile::of_bytes(&other).is_err(), "byte {at}: {:?}", bytes[at] as char);
            }
        }
        for cut in 0..bytes.len() {
            assert!(PlanFile::of_bytes(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        let longer = [bytes.as_slice(), b" "].concat();
        assert!(PlanFile::of_bytes(&longer).is_err());
    }

    /// `made`, at the time the bytes say.
    fn made_at(bytes: &[u8]) -> PlanFile {
        PlanFile { at: PlanFile::of_bytes(bytes).unwrap().at, ..made() }
    }

    #[test]
    fn a_new_hash_over_changed_steps_does_not_help() {
        let mut forged = made();
        forged.plan.hosts.get_mut("gw").unwrap().steps.clear();
        assert!(PlanFile::of_bytes(&forged.to_bytes()).unwrap_err().contains("digests"));
        let newer = String::from_utf8(made().to_bytes()).unwrap().replacen("plan 1", "plan 2", 1);
        assert!(PlanFile::of_bytes(newer.as_bytes()).unwrap_err().contains("format is 2"));
    }

    #[test]
    fn another_fleet_other_sources_and_other_hosts_are_told_apart() {
        let made = made();
        made.fits("F", "twin a", "S", &digests()).unwrap();
        assert_eq!(code(made.fits("G", "twin a", "S", &digests())).0, "FW1031");
        let (code_, said) = code(made.fits("F", "twin b", "S", &digests()));
        assert!(code_ == "FW1031" && said.contains("twin a") && said.contains("olena@laptop"), "{said}");
        let mut moved = digests();
        moved.insert("gw".to_owned(), "other".to_owned());
        let (code_, said) = code(made.fits("F", "twin a", "T", &moved));
        assert!(code_ == "FW1032" && said.contains("gw") && !said.contains("nas"), "{said}");
        assert_eq!(code(made.fits("F", "twin a", "T", &digests())).0, "FW1032");
    }

    #[test]
    fn what_has_moved_on_the_hosts_is_named() {
        let made = made();
        made.still(&fleet(&[host("gw", &["/etc/a"]), host("nas", &[])])).unwrap();
        let (code_, said) = code(made.still(&fleet(&[host("gw", &["/etc/a"]), host("nas", &["/etc/b"])])));
        assert_eq!(code_, "FW1032");
        assert!(said.contains("nas: now also to update file /etc/b") && !said.contains("gw"), "{said}");
        let (_, said) = code(made.still(&fleet(&[host("gw", &["/etc/a"])])));
        assert!(said.contains("nas: not looked at"), "{said}");
    }

    #[test]
    fn the_file_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.bin");
        made().write(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(PlanFile::read(&path).unwrap().plans, made().plans);
        let missing = PlanFile::read(&folder.path().join("x")).unwrap_err();
        assert_eq!(missing.report.items[0].code, "FW3002");
        fs::write(&path, "plan").unwrap();
        assert_eq!(PlanFile::read(&path).unwrap_err().report.items[0].code, "FW1030");
    }
}
