//! A short run of what `fleetwright-chaos` does by the thousand. Needs root and the twin's engines, and fails
//! without.
#![allow(clippy::unwrap_used, clippy::panic)]

use apply::AgentBinary;
use chaos::kind::Kind;
use chaos::lab::Lab;
use chaos::look::look;
use chaos::run::{Which, run};
use chaos::state::State;
use chaos::verdict::Wrong;
use std::path::Path;
use std::sync::atomic::AtomicBool;

/// Machines of a test, released whatever becomes of it.
struct Machines(Option<Lab>);

impl Machines {
    fn up(test: &str, machines: usize, seed: u64) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_fleetwright-chaos"));
        let agent = AgentBinary::read(&program.with_file_name("fleetwright-agent")).unwrap();
        let name = format!("chaos-{test}-{}", std::process::id());
        let mut lab = Lab::up(&name, machines, seed, agent).unwrap();
        lab.program = program.to_owned();
        Machines(Some(lab))
    }
    fn lab(&self) -> &Lab {
        self.0.as_ref().unwrap()
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        if let Some(lab) = self.0.take() {
            let _ = lab.twin.down();
        }
    }
}

#[test]
fn three_hundred_faults_leave_no_host_between_states_and_no_report_untrue() {
    let (seed, count, machines) = (20_260_101, 300, 12);
    println!("seed {seed}, {count} faults");
    let machines_up = Machines::up("run", machines, seed);
    let which = Which { first: 0, count, only: None };
    let tally = run(machines_up.lab(), machines, &which, &AtomicBool::new(false), &|done| {
        for (wrong, what) in &done.wrong {
            println!("case {} {} ({}): {}: {what}", done.case, done.kind, done.detail, wrong.name());
            println!("  told: {}", done.told);
        }
    });
    println!("{}", tally.table());
    assert_eq!(tally.total().cases, count);
    assert_eq!(tally.rows.len(), Kind::ALL.len());
    assert_eq!(tally.wrong(), 0, "seed {seed}: {:?}", tally.total().wrong);
}

#[test]
fn the_oracle_sees_each_thing_that_is_not_as_it_should_be() {
    let machines = Machines::up("oracle", 1, 5);
    let lab = machines.lab();
    let mut bench = lab.bench(0).unwrap();
    let state = (0..).map(|n| State::of(5, n));
    let state = state
        .filter(|s| {
            s.worker.is_some()
                && s.timer.is_some()
                && s.port.is_some()
                && s.users.get("kaa").is_some_and(|u| u.adm)
        })
        .find(|s| s.links.len() == 2 && s.dirs.len() == 3)
        .unwrap();
    lab.bring(&mut bench, &state).unwrap();
    let first = look(&bench.host).unwrap();
    assert_eq!(look(&bench.host).unwrap(), first, "looking changes nothing");
    let edits = [
        "echo x >> /etc/chaos/a/one",
        "chmod 611 /etc/chaos/app/live",
        "chown daemon /etc/chaos/app/static",
        "touch /etc/chaos/left-behind",
        "ln -sfn /elsewhere /etc/chaos/current",
        "chmod 711 /srv/chaos",
        "usermod -s /bin/false kaa",
        "sed -i 's/^adm:.*/adm:x:4:/' /etc/group",
        "echo 55 > /proc/sys/net/ipv4/tcp_fin_timeout",
        "nft flush chain inet chaos in",
        "nft add table inet other",
        "systemctl disable chaos-worker.service",
        "systemctl stop chaos-tick.timer",
        "kill -9 $(systemctl show -P MainPID chaos-app.service)",
        "echo 9 > /run/chaos-app.live",
        "sed -i s/chaos/chaoz/ /etc/systemd/system/chaos-app.service",
        "echo x >> /etc/hosts",
    ];
    let mut before = first;
    for edit in edits {
        bench.sh(edit).unwrap();
        let seen = look(&bench.host).unwrap();
        assert_ne!(seen, before, "`{edit}` is not seen");
        before = seen;
    }
    let problem = lab.bring(&mut bench, &state).unwrap_err();
    assert_eq!(
        problem.0,
        Wrong::FalseSuccess,
        "a table of another's is no business of an apply: {}",
        problem.1
    );
    assert!(problem.1.contains("nft other"), "{}", problem.1);
}
