//! What is placed into machines before they boot: trust in the twin's public CA, and stand-ins for what
//! cannot run or be had here. Neither is an artifact; each is declared.

use super::{Alteration, Builder};
use crate::Seed;
use derive::fleet::{Host, Instance};
use model::Variant;

/// Where the stand-in program lies in a machine.
pub const STAND_IN: &str = "/usr/local/lib/fleetwright/fleetwright-standin";
/// Units' drop-ins that are not artifacts lie here: systemd reads it after `/etc/systemd/system`.
const UNITS: &str = "/usr/local/lib/systemd/system";

impl Builder<'_> {
    pub(super) fn seeds(&mut self, stand_in: &[u8], acme_ca: Option<&str>) {
        let fleet = self.fleet;
        for host in fleet.hosts.values() {
            for mount in host.instances.iter().flat_map(|i| &i.mounts) {
                let unit = engine::mount::unit(&mount.at);
                // `_netdev`, as NFS is: a local file system after `network.target` is an ordering cycle at
                // boot, which systemd breaks by leaving out networkd and the packet filter.
                let text = "[Mount]\nWhat=tmpfs\nType=tmpfs\nOptions=size=1m,mode=755,_netdev\n";
                self.seed(host, &format!("{UNITS}/{unit}.d/50-twin.conf"), text.into(), 0o644);
                self.alterations.push(Alteration {
                    at: host.id.to_string(),
                    what: format!(
                        "{unit} is an empty file system; that {}:2049 can be reached is proved",
                        mount.host
                    ),
                    why: "the kernel's NFS client is not available in a namespace".to_owned(),
                });
            }
            for instance in &host.instances {
                let Some((why, replaces_unit)) = cannot_run(instance) else { continue };
                let exec = command(instance);
                let (path, text) = if replaces_unit {
                    let text = format!(
                        "[Unit]\nDescription=Stand-in for {}\n[Service]\nExecStart={exec}\n[Install]\nWantedBy=multi-user.target\n",
                        instance.unit
                    );
                    (format!("{UNITS}/{}", instance.unit), text)
                } else {
                    let text = format!(
                        "[Service]\nType=simple\nExecStartPre=\nExecStart=\nExecStart={exec}\nExecStartPost=\nExecStop=\nExecStopPost=\nExecReload=\n"
                    );
                    (format!("{UNITS}/{}.d/50-twin.conf", instance.unit), text)
                };
                self.seed(host, &path, text.into_bytes(), 0o644);
                self.alterations.push(Alteration {
                    at: host.id.to_string(),
                    what: format!("{} runs a stand-in for {}", instance.unit, stands_for(instance)),
                    why: why.to_owned(),
                });
            }
        }
        let common = &mut self.seeds.common.files;
        common.insert(STAND_IN.to_owned(), (stand_in.to_vec(), 0o755));
        if let Some(ca) = acme_ca {
            common.insert("/etc/ssl/certs/fleetwright-twin.pem".to_owned(), (ca.as_bytes().to_vec(), 0o644));
        }
    }

    pub(super) fn seed(&mut self, host: &Host, path: &str, bytes: Vec<u8>, mode: u32) {
        let seed: &mut Seed = self.seeds.machines.entry(host.id.to_string()).or_default();
        seed.files.insert(path.to_owned(), (bytes, mode));
    }
}

/// Why an instance cannot run here, and whether its whole unit has to be replaced (not only its command).
fn cannot_run(instance: &Instance) -> Option<(&'static str, bool)> {
    match instance.variant {
        Variant::Container => Some(("no image registry can be reached from a twin", false)),
        Variant::Native if instance.unit.starts_with("nfs-") => {
            Some(("the kernel's NFS server is not available in a namespace", true))
        }
        Variant::Native | Variant::Incus | Variant::Nomad => None,
    }
}

fn stands_for(instance: &Instance) -> String {
    instance.image.clone().unwrap_or_else(|| instance.module.to_string())
}

/// The stand-in's command line: every port of the instance, as what it speaks.
fn command(instance: &Instance) -> String {
    let mut words = vec![STAND_IN.to_owned(), "--name".to_owned(), instance.service.to_string()];
    words.extend(["--stands-for".to_owned(), stands_for(instance)]);
    if let Some(ip) = instance.listen {
        words.extend(["--listen".to_owned(), ip.to_string()]);
    }
    if let Some(path) = instance.definition.metrics.as_ref().and_then(|m| m.path.clone()) {
        words.extend(["--metrics".to_owned(), path]);
    }
    let gate = instance.provides.contains(&model::Provides::Gate);
    for (name, port) in &instance.ports {
        let flag = match (port.proto, port.protocol.as_str()) {
            (model::Proto::Udp, _) => "--udp",
            (model::Proto::Tcp, "http") if gate && Some(name) == instance.main.as_ref() => "--gate",
            (model::Proto::Tcp, "http") => "--http",
            (model::Proto::Tcp, _) => "--tcp",
        };
        words.extend([flag.to_owned(), port.number.to_string()]);
    }
    words.join(" ")
}
