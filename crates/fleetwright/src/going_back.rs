//! What going back to a generation would change: the beginning of the conversation of an apply, and no more.

use crate::asking::{self, NoAnswer};
use apply::Target;
use artifact::protocol::two::{ApplyRequest, DESIRED};
use artifact::protocol::{AGENT_PATH, Claim, Event, Goal};
use artifact::{Desired, FlatDesired};
use plan::HostPlan;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// The agent answers within this time.
const ANSWER: Duration = Duration::from_secs(60);
/// It has ended so long after its input has.
const GOODBYE: Duration = Duration::from_secs(5);

/// Asks a host what it would have to do. Nothing changes; the host's lock is free again afterwards.
///
/// # Errors
/// When the host does not answer or says no.
pub fn look(target: &Target<'_>, generation: u64, claim: Claim) -> Result<HostPlan, NoAnswer> {
    let plain = |text: String| NoAnswer { code: None, text, help: None };
    let host = target.desired.host.clone();
    let mut stream = target.remote.open(&[AGENT_PATH, "apply"]).map_err(|e| NoAnswer::of_remote(&e))?;
    let (Some(input), Some(output)) = (stream.stdin.take(), stream.stdout.take()) else {
        return Err(plain("its streams are not open".to_owned()));
    };
    let (send, lines) = channel();
    // Ends with the output, which ends with the stream.
    std::thread::spawn(move || {
        for line in BufReader::new(File::from(output)).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    let request = ApplyRequest {
        hello: asking::any(),
        claim,
        host: host.clone(),
        target: Goal::Generation(generation),
        deadline_s: 0,
        settle_ms: 0,
    };
    let mut input = File::from(input);
    let mut line = serde_json::to_vec(&request).map_err(|e| plain(e.to_string()))?;
    line.push(b'\n');
    input.write_all(&line).map_err(|e| plain(format!("the connection broke: {e}")))?;
    let plan = hear(&lines, &host, generation);
    drop(input);
    // What does not end by itself is ended with the stream.
    let _ = stream.exit_code(GOODBYE);
    plan
}

fn hear(lines: &Receiver<String>, host: &str, generation: u64) -> Result<HostPlan, NoAnswer> {
    let plain = |text: &str| NoAnswer { code: None, text: text.to_owned(), help: None };
    loop {
        let line = lines.recv_timeout(ANSWER).map_err(|_| plain("the connection broke"))?;
        match serde_json::from_str(&line).map_err(|_| plain("its answer cannot be read"))? {
            Event::Observed(seen) => {
                let Some(packed) = &seen.desired else {
                    return Err(plain(&format!("it did not say what generation {generation} is")));
                };
                let flat: FlatDesired = packed.open(DESIRED).map_err(|e| plain(&e.to_string()))?;
                let desired = Desired { host: host.to_owned(), ..Desired::default() };
                let mut plan = HostPlan::of(&desired, &flat, &seen);
                // The sources say nothing about what the host once was.
                plan.steps.iter_mut().for_each(|s| s.why.clear());
                return Ok(plan);
            }
            Event::Unchanged(_) => return Ok(HostPlan { host: host.to_owned(), ..HostPlan::default() }),
            Event::Refused(fault) | Event::Failed(fault) => return Err(NoAnswer::of_fault(&fault)),
            Event::Said(_) | Event::State { .. } => {}
            other => return Err(plain(&format!("unexpected answer: {}", other.name()))),
        }
    }
}
