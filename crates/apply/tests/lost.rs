//! A connection that breaks between the order to switch and the first word of it, played by scripts.
#![allow(clippy::unwrap_used, clippy::panic)]

use apply::{AgentBinary, HostOutcome, Options, Target, apply_fleet};
use artifact::protocol::{Claim, Event, Pending, State, Status};
use artifact::{Desired, Dir, Observation, PathDiff, Seen, Why};
use diag::Place;
use remote::{Output, Remote, RemoteError, Stream};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Ends when it is told to switch; until it is settled it says that something is pending.
struct Breaks {
    /// Who holds the lock afterwards.
    holder: Option<Claim>,
    calls: Mutex<Vec<String>>,
}

impl Remote for Breaks {
    fn name(&self) -> &str {
        "a"
    }
    fn run(&self, argv: &[&str], _: &[u8], _: Duration) -> Result<Output, RemoteError> {
        let mut calls = self.calls.lock().unwrap();
        let settled = calls.iter().any(|c| c == "recover" || c == "unlock");
        calls.push(argv[1].to_owned());
        let pending = (!settled).then_some(Pending { generation: 1, state: State::Checked });
        let event = match argv[1] {
            "status" => {
                let claim = self.holder.clone().filter(|_| !settled);
                Event::Status(Box::new(Status { pending, claim, ..Status::default() }))
            }
            "recover" => Event::Unchanged(0),
            "unlock" => Event::Unlocked(self.holder.clone().unwrap()),
            other => panic!("{other}"),
        };
        Ok(Output { code: 0, stdout: serde_json::to_vec(&event).unwrap(), stderr: Vec::new() })
    }
    fn read(&self, _: &str) -> Result<Option<Vec<u8>>, RemoteError> {
        Ok(None)
    }
    fn write(&self, path: &str, _: &[u8], _: u32) -> Result<(), RemoteError> {
        panic!("{path} is written")
    }
    fn open(&self, _: &[&str]) -> Result<Stream, RemoteError> {
        let missing = PathDiff { seen: Seen::Missing, before: None };
        let seen = Observation { dirs: [("/srv/a".to_owned(), missing)].into(), ..Observation::default() };
        let seen = serde_json::to_string(&Event::Observed(Box::new(seen))).unwrap();
        let checked = serde_json::to_string(&Event::State { state: State::Checked, detail: String::new() });
        let script = format!(
            "read a; echo '\"want\"'; read b; echo '{seen}'; read c; echo '{}'; read d; exit 255",
            checked.unwrap()
        );
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::piped());
        Ok(Stream::new(command.spawn().unwrap()))
    }
}

fn run(holder: Option<Claim>) -> (HostOutcome, Vec<String>) {
    let why = Why::new(&Place::new("fleet.yaml", 1, 1), "the test wants it");
    let dir = Dir { mode: 0o755, owner: "root".into(), group: "root".into(), data: false, why };
    let dirs = [("/srv/a".to_owned(), dir)].into();
    let desired = Desired { host: "a".into(), dirs, ..Desired::default() };
    let remote = Arc::new(Breaks { holder, calls: Mutex::default() });
    let target = Target { remote: remote.clone(), desired: &desired, secrets: &|_| None };
    let claim = Claim { run: "r1".into(), ..Claim::default() };
    let options = Options { claim, ..Options::new(AgentBinary::new(b"agent".to_vec())) };
    let mut outcome = apply_fleet(&[target], &options, &channel().0);
    let calls = std::mem::take(&mut *remote.calls.lock().unwrap());
    (outcome.hosts.remove("a").unwrap(), calls)
}

#[test]
fn what_had_not_begun_is_ended_and_the_host_is_as_it_was() {
    let ours = Claim { run: "r1".into(), ..Claim::default() };
    for (holder, ends) in [(None, "recover"), (Some(ours), "unlock")] {
        let (outcome, calls) = run(holder);
        let HostOutcome::Failed { reason, .. } = &outcome else { panic!("{outcome:?}") };
        assert!(reason.ends_with("the host is as it was"), "{reason}");
        assert_eq!(calls, ["status", ends, "status"]);
    }
}
