//! One question to the agents of many hosts, and what each says. Nothing is put there and nothing changes
//! but what the question itself does.

use crate::trouble;
use apply::Target;
use artifact::protocol::{AGENT_PATH, Event, Fault, Hello, PROTOCOL, StatusRequest};
use remote::RemoteError;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

/// An agent answers a question within this time.
const ANSWER: Duration = Duration::from_secs(60);
/// Hosts asked at once.
const PARALLEL: usize = 64;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoAnswer {
    /// The code of the diagnostic, where there is one.
    pub code: Option<&'static str>,
    /// What was seen.
    pub text: String,
    /// The way out, where one is known.
    pub help: Option<String>,
}

impl NoAnswer {
    fn plain(text: impl Into<String>) -> Self {
        NoAnswer { code: None, text: text.into(), help: None }
    }
    pub(crate) fn of_fault(fault: &Fault) -> Self {
        let known = trouble::of_agent(fault.code);
        NoAnswer {
            code: known.map(|k| k.0),
            text: fault.message.clone(),
            help: known.map(|k| k.1.to_owned()),
        }
    }
    pub(crate) fn of_remote(error: &RemoteError) -> Self {
        let known = trouble::of_remote(error);
        NoAnswer { code: known.map(|k| k.0), text: error.to_string(), help: known.map(|k| k.1.to_owned()) }
    }
}

/// Any build of the agent may answer.
pub fn any() -> Hello {
    Hello { protocol: PROTOCOL, agent: String::new() }
}

/// A question without more words than who asks.
pub fn plainly() -> StatusRequest {
    StatusRequest { hello: any() }
}

/// Asks one host.
///
/// # Errors
/// When it cannot be reached, has no agent, or the agent says no.
pub fn one(target: &Target<'_>, command: &str, request: &impl serde::Serialize) -> Result<Event, NoAnswer> {
    let mut line = serde_json::to_vec(request).map_err(|e| NoAnswer::plain(e.to_string()))?;
    line.push(b'\n');
    let output =
        target.remote.run(&[AGENT_PATH, command], &line, ANSWER).map_err(|e| NoAnswer::of_remote(&e))?;
    let last = output.stdout.split(|b| *b == b'\n').rfind(|l| !l.is_empty());
    let Some(last) = last else {
        return Err(match output.code {
            126 | 127 => NoAnswer::plain("no agent there: nothing was applied yet"),
            code => {
                NoAnswer::plain(format!("the agent said nothing, exit code {code}: {}", output.error_text()))
            }
        });
    };
    match serde_json::from_slice(last) {
        Ok(Event::Refused(fault) | Event::Failed(fault)) => Err(NoAnswer::of_fault(&fault)),
        Ok(event) => Ok(event),
        Err(_) => {
            Err(NoAnswer::plain("the agent's answer cannot be read: it is of another version; apply first"))
        }
    }
}

/// Asks all hosts at once.
pub fn all(
    targets: &[Target<'_>],
    command: &str,
    request: &(impl serde::Serialize + Sync),
) -> BTreeMap<String, Result<Event, NoAnswer>> {
    let next = AtomicUsize::new(0);
    let (send, receive) = channel();
    std::thread::scope(|scope| {
        for _ in 0..PARALLEL.min(targets.len()) {
            let (send, next) = (send.clone(), &next);
            scope.spawn(move || {
                while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let _ = send.send((target.desired.host.clone(), one(target, command, request)));
                }
            });
        }
        drop(send);
        receive.into_iter().collect()
    })
}
