//! In which order hosts are changed, by the options of an apply and by what the network between them asks.

use apply::{Canary, Options, Waves, Witness};
use clap::Args;
use derive::Rollout;
use derive::fleet::Fleet;
use std::collections::{BTreeMap, BTreeSet};

/// Options that make waves. A wave begins when the one before has ended whole.
#[derive(Clone, Debug, Default, Args)]
pub struct WaveArgs {
    /// First this host alone, or this many hosts; may be given several times
    #[arg(long, value_name = "N|HOST", help_heading = "Waves")]
    pub canary: Vec<String>,
    /// Then so many percent of the hosts at a time
    #[arg(long, value_name = "N", conflicts_with = "by", value_parser = clap::value_parser!(u32).range(1..=100), help_heading = "Waves")]
    pub percent: Option<u32>,
    /// Then one site after the other
    #[arg(long, value_name = "WHAT", value_parser = ["site"], help_heading = "Waves")]
    pub by: Option<String>,
    /// This host after all others; `self` is the host this runs on; may be given several times
    #[arg(long, value_name = "HOST", help_heading = "Waves")]
    pub last: Vec<String>,
    /// At most so many hosts of one service at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Waves")]
    pub max_unavailable: Option<u32>,
}

/// The order the options ask for. `own` is the fleet's name of this machine.
///
/// # Errors
/// The option and the name in it that is no host of this run.
pub fn waves(
    args: &WaveArgs,
    hosts: &[String],
    sites: &BTreeMap<String, BTreeSet<String>>,
    own: &str,
) -> Result<Waves, String> {
    let known = |option: &str, name: &str| match hosts.iter().any(|h| h == name) {
        true => Ok(name.to_owned()),
        false => Err(format!("--{option} {name}: this run has no such host")),
    };
    let canary = |text: &String| match text.parse() {
        Ok(n) => Ok(Canary::Count(n)),
        Err(_) => Ok(Canary::Hosts(BTreeSet::from([known("canary", text)?]))),
    };
    let last = |name: &String| known("last", if name == "self" { own } else { name });
    let by = sites.iter().flat_map(|(site, all)| all.iter().map(move |h| (h.clone(), site.clone())));
    Ok(Waves {
        canary: args.canary.iter().map(canary).collect::<Result<_, String>>()?,
        order: Vec::new(),
        percent: args.percent,
        by: if args.by.is_some() { by.collect() } else { BTreeMap::new() },
        last: args.last.iter().map(last).collect::<Result<_, String>>()?,
    })
}

/// Puts what a rollout has to know of the network into the options: ends that change together, who can see from
/// elsewhere that a host is well, which hosts others are reached through, and how many of a service may be away.
pub fn heed(options: &mut Options, rollout: Rollout, fleet: &Fleet, args: &WaveArgs) {
    let witness = |w: derive::Witness| Witness { by: w.by, probe: w.probe, why: w.why };
    options.together = rollout.together;
    options.paths = rollout.paths;
    options.witnesses = rollout
        .witnesses
        .into_iter()
        .map(|(host, all)| (host, all.into_iter().map(witness).collect()))
        .collect();
    let Some(most) = args.max_unavailable else { return };
    let mut services: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for host in fleet.hosts.values() {
        for instance in &host.instances {
            services.entry(instance.service.to_string()).or_default().insert(host.id.to_string());
        }
    }
    options.max_unavailable =
        services.into_values().filter(|hosts| hosts.len() > 1).map(|hosts| (hosts, most as usize)).collect();
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn made(args: &WaveArgs) -> Result<Waves, String> {
        let hosts = ["d", "a", "b", "c"].map(str::to_owned);
        let set = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        let sites = [("north".to_owned(), set(&["a", "d"])), ("south".to_owned(), set(&["b"]))].into();
        waves(args, &hosts, &sites, "c")
    }

    fn text(of: &[&str]) -> Vec<String> {
        of.iter().map(|t| (*t).to_owned()).collect()
    }

    #[test]
    fn every_option_says_an_order() {
        let none = WaveArgs::default();
        assert_eq!(made(&none).unwrap(), Waves::default());
        let canary =
            made(&WaveArgs { canary: text(&["b", "2"]), percent: Some(30), ..none.clone() }).unwrap();
        assert_eq!(canary.canary, [Canary::Hosts(["b".to_owned()].into()), Canary::Count(2)]);
        assert_eq!(canary.percent, Some(30));
        let site = WaveArgs { by: Some("site".to_owned()), last: text(&["self", "a"]), ..none.clone() };
        let site = made(&site).unwrap();
        assert_eq!(site.by["d"], "north");
        assert_eq!(site.last, ["a".to_owned(), "c".to_owned()].into());
        for wrong in [
            WaveArgs { canary: text(&["x"]), ..none.clone() },
            WaveArgs { last: text(&["x"]), ..none.clone() },
        ] {
            assert!(made(&wrong).unwrap_err().contains(" x: "));
        }
    }
}
