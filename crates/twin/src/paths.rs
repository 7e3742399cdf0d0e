//! Where the things of a twin are. Everything follows from the twin's name, so that a twin whose state was
//! never written can be found and released all the same.

use crate::TwinError;
use std::path::PathBuf;

/// State, locks and logs: gone after a reboot of this machine, as the twins are.
pub(crate) const RUN: &str = "/run/fleetwright";
/// Disks of machines and directories of daemons.
pub(crate) const VAR: &str = "/var/lib/fleetwright";
/// Base images.
pub(crate) const CACHE: &str = "/var/cache/fleetwright";
/// Where named network namespaces are, as iproute2 has them.
pub(crate) const NETNS: &str = "/run/netns";

/// The places of one twin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Paths {
    pub name: String,
}

impl Paths {
    /// The places of a twin, if `name` can be one: 1 to 32 of a-z, 0-9 and `-`.
    pub fn of(name: &str) -> Result<Self, TwinError> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > 32 || !name.chars().all(plain) || name.starts_with('-') {
            return Err(TwinError::Topology(vec![format!(
                "{name:?} cannot be a twin's name: 1 to 32 of a-z, 0-9 and -"
            )]));
        }
        Ok(Paths { name: name.to_owned() })
    }
    pub fn run(&self) -> PathBuf {
        PathBuf::from(format!("{RUN}/twins/{}", self.name))
    }
    pub fn state(&self) -> PathBuf {
        self.run().join("state.json")
    }
    pub fn logs(&self) -> PathBuf {
        self.run().join("log")
    }
    pub fn lock(&self) -> PathBuf {
        PathBuf::from(format!("{RUN}/locks/{}", self.name))
    }
    pub fn var(&self) -> PathBuf {
        PathBuf::from(format!("{VAR}/twins/{}", self.name))
    }
    pub fn common(&self) -> PathBuf {
        self.var().join("common")
    }
    pub fn machine(&self, machine: &str) -> PathBuf {
        self.var().join("machines").join(machine)
    }
    pub fn outside(&self, outside: &str) -> PathBuf {
        self.var().join("outside").join(outside)
    }
    /// What every namespace of the twin begins with. No name has a dot, so no twin's is another's.
    pub fn prefix(&self) -> String {
        format!("fw-{}.", self.name)
    }
    /// The network namespace of a machine or outside.
    pub fn netns(&self, node: &str) -> String {
        format!("{}{node}", self.prefix())
    }
    /// The namespace with the bridges. No node is called so: names have no dot.
    pub fn switch(&self) -> String {
        format!("{}.switch", self.prefix())
    }
    /// Its cgroup below the root of each hierarchy.
    pub fn cgroup(&self) -> String {
        format!("fw/{}", self.name)
    }
}
