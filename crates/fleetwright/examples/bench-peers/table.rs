//! The table of bench/RESULTS.md.

use crate::desk::Took;
use crate::tools::Seen;

/// What was seen on one number of hosts; what failed says so.
pub struct Measured {
    pub hosts: usize,
    pub ours: Result<Seen, String>,
    pub pyinfra: Result<Seen, String>,
    /// `None`: left out.
    pub ansible: Option<Result<Seen, String>>,
    pub floors: Result<(Took, Took), String>,
}

pub const HEAD: &str =
    "| hosts | what | promise | Fleetwright | holds | pyinfra | Ansible |\n|---|---|---|---|---|---|---|";

impl Measured {
    /// True when every tool did all it was asked for.
    pub fn whole(&self) -> bool {
        let peers = self.pyinfra.is_ok() && self.ansible.as_ref().is_none_or(Result::is_ok);
        self.ours.is_ok() && peers && self.floors.is_ok()
    }

    fn peer(&self, seen: Option<&Result<Seen, String>>, of: impl Fn(&Seen) -> f64) -> String {
        match (seen, &self.ours) {
            (None, _) => "left out".to_owned(),
            (Some(Err(_)), _) => "**failed**".to_owned(),
            (Some(Ok(seen)), Ok(ours)) => format!("{:.1} s, {:.1} ×", of(seen), of(seen) / of(ours)),
            (Some(Ok(seen)), Err(_)) => format!("{:.1} s", of(seen)),
        }
    }

    fn row(
        &self,
        what: &str,
        promise: &str,
        most: Option<(f64, &[f64])>,
        of: impl Fn(&Seen) -> f64,
    ) -> String {
        let (ours, holds) = match &self.ours {
            Err(_) => ("**failed**".to_owned(), "**no**"),
            Ok(ours) => {
                let peers = [Some(&self.pyinfra), self.ansible.as_ref()];
                let ratio = |(peer, times): (Option<&Result<Seen, String>>, &f64)| {
                    // A peer that was left out or failed proves nothing.
                    Some(of(peer?.as_ref().ok()?) >= times * of(ours))
                };
                let good = most.and_then(|(most, times)| {
                    let ratios: Option<Vec<bool>> = peers.into_iter().zip(times).map(ratio).collect();
                    if of(ours) > most { Some(false) } else { ratios.map(|r| r.into_iter().all(|held| held)) }
                });
                let unproved = if most.is_some() { "not shown" } else { "" };
                (format!("{:.2} s", of(ours)), good.map_or(unproved, |g| if g { "yes" } else { "**no**" }))
            }
        };
        let (pyinfra, ansible) = (self.peer(Some(&self.pyinfra), &of), self.peer(self.ansible.as_ref(), &of));
        format!("| {} | {what} | {promise} | {ours} | {holds} | {pyinfra} | {ansible} |", self.hosts)
    }

    /// Lines of the table.
    pub fn rows(&self) -> Vec<String> {
        let times: (&str, &str, f64, f64, &[f64]) = match self.hosts {
            50 => ("≤ 1.2 s, ≥ 3.5 × pyinfra, ≥ 50 × Ansible", "≤ 1.6 s", 1.2, 1.6, &[3.5, 50.0]),
            200 => ("≤ 3.5 s", "≤ 5 s", 3.5, 5.0, &[]),
            _ => ("", "", f64::NAN, f64::NAN, &[]),
        };
        let (no_op, first, no_op_s, first_s, ratios) = times;
        let most = |s: f64, ratios| (!s.is_nan()).then_some((s, ratios));
        let fresh = |s: &Seen| s.fresh.as_ref().unwrap_or(&s.again).seconds;
        let mut rows = vec![
            self.row("no-op", no_op, most(no_op_s, ratios), |s| s.again.seconds),
            self.row("no-op, no connection kept from a run before", "", None, fresh),
            self.row("first apply", first, most(first_s, &[]), |s| s.first.seconds),
            self.row("processor time of the tool itself, no-op", "", None, |s| s.again.own_cpu),
            self.row("processor time of tool and machines, no-op", "", None, |s| s.again.all_cpu),
            self.row("processor time of tool and machines, first apply", "", None, |s| s.first.all_cpu),
        ];
        rows.push(self.memory());
        if let Ok((inside, ssh)) = &self.floors {
            let floor = |what: &str, took: &Took| {
                format!(
                    "| {} | floor: {what} | | {:.2} s ({:.2} s of processor, {:.2} s with the machines') | | | |",
                    self.hosts, took.seconds, took.own_cpu, took.all_cpu
                )
            };
            rows.push(floor("sign in everywhere, `true`, in one process", inside));
            rows.push(floor("the same by ssh(1), a process a host", ssh));
        }
        rows
    }

    fn memory(&self) -> String {
        let most = |s: &Seen| s.first.bytes.max(s.again.bytes) as f64 / 1e6;
        let said = |seen: &Result<Seen, String>| {
            seen.as_ref().map_or("**failed**".into(), |s| format!("{:.0} MB", most(s)))
        };
        let promised = self.hosts == 200;
        let holds = match &self.ours {
            Ok(seen) if promised => {
                if most(seen) <= 100.0 {
                    "yes"
                } else {
                    "**no**"
                }
            }
            Err(_) if promised => "**no**",
            _ => "",
        };
        format!(
            "| {} | memory of all processes of the tool, highest | {} | {} | {holds} | {} | {} |",
            self.hosts,
            if promised { "≤ 100 MB" } else { "" },
            said(&self.ours),
            said(&self.pyinfra),
            self.ansible.as_ref().map_or("left out".into(), said)
        )
    }
}
