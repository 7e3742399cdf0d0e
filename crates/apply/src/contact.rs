//! Reaching the agent, and putting it there when it is missing or another build.

use crate::teller::Teller;
use crate::types::{AgentBinary, HostOutcome, Phase};
use artifact::protocol::{AGENT_PATH, Code, Event, Fault};
use remote::{Reach, Remote, RemoteError};
use serde::Serialize;
use std::fmt;
use std::time::{Duration, Instant};

/// A fresh agent binary may be held open by somebody else this long.
const BUSY: Duration = Duration::from_secs(2);
/// Between two tries to run it.
const PAUSE: Duration = Duration::from_millis(5);

/// What kept a host from its outcome.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The way onto the host.
    Remote(RemoteError),
    /// The command ended without an answer, with this exit code.
    Ended(i32),
    /// The agent said no.
    Fault(Fault),
    /// Something else; the host is as it was.
    Failed(String),
    /// Nobody knows how the host is.
    Unknown(String),
}

impl Trouble {
    pub(crate) fn failed(what: impl Into<String>) -> Self {
        Trouble::Failed(what.into())
    }

    /// The outcome this makes, when nothing had been switched.
    pub(crate) fn into_outcome(self) -> HostOutcome {
        match self {
            Trouble::Remote(RemoteError::Failed { detail, .. }) => {
                HostOutcome::Failed { reason: detail, fault: None }
            }
            Trouble::Remote(error) => {
                let reach = match &error {
                    RemoteError::Unreachable { reason, .. } => *reason,
                    _ => Reach::Timeout,
                };
                HostOutcome::Unknown { reason: error.to_string(), reach: Some(reach) }
            }
            Trouble::Ended(_) | Trouble::Unknown(_) => {
                HostOutcome::Unknown { reason: self.to_string(), reach: None }
            }
            Trouble::Fault(fault) => {
                HostOutcome::Failed { reason: fault.message.clone(), fault: Some(fault) }
            }
            Trouble::Failed(reason) => HostOutcome::Failed { reason, fault: None },
        }
    }

    /// True when the agent that was just written cannot be run yet: a process that another thread forked
    /// while it was being written still holds it open for a moment (ETXTBSY).
    fn is_busy(&self) -> bool {
        match self {
            Trouble::Ended(126) => true,
            Trouble::Remote(RemoteError::Failed { detail, .. }) => detail.contains("Text file busy"),
            Trouble::Remote(_)
            | Trouble::Ended(_)
            | Trouble::Fault(_)
            | Trouble::Failed(_)
            | Trouble::Unknown(_) => false,
        }
    }

    /// True when another, or some, agent must be put on the host.
    fn wants_agent(&self) -> bool {
        match self {
            // 126 and 127: there, but cannot be run; not there. From a shell, ssh and nsenter alike.
            Trouble::Ended(126 | 127) => true,
            Trouble::Fault(fault) => matches!(fault.code, Code::AgentMismatch | Code::BadRequest),
            // A remote that starts programs itself says that there is none.
            Trouble::Remote(RemoteError::Failed { .. }) => true,
            Trouble::Remote(_) | Trouble::Ended(_) | Trouble::Failed(_) | Trouble::Unknown(_) => false,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Remote(error) => error.fmt(f),
            Trouble::Ended(code) => write!(f, "the agent ended without an answer, exit code {code}"),
            Trouble::Fault(fault) => fault.fmt(f),
            Trouble::Failed(what) | Trouble::Unknown(what) => f.write_str(what),
        }
    }
}

/// A host whose agent may have to be put there first.
pub(crate) struct Contact<'a> {
    pub(crate) remote: &'a dyn Remote,
    pub(crate) agent: &'a AgentBinary,
    pub(crate) teller: &'a Teller<'a>,
}

impl Contact<'_> {
    /// Does something with the agent; when it is missing or another build, puts it there and does it again.
    pub(crate) fn with_agent<T>(&self, mut what: impl FnMut() -> Result<T, Trouble>) -> Result<T, Trouble> {
        match what() {
            Err(trouble) if trouble.wants_agent() => {
                self.teller.tell(Phase::Bootstrap, format!("{} bytes of agent", self.agent.bytes.len()));
                self.remote.write(AGENT_PATH, &self.agent.bytes, 0o755)?;
                let until = Instant::now() + BUSY;
                loop {
                    match what() {
                        // Nobody tells when the last writer has let go.
                        Err(trouble) if trouble.is_busy() && Instant::now() < until => {
                            std::thread::sleep(PAUSE)
                        }
                        done => return done,
                    }
                }
            }
            done => done,
        }
    }
}

impl From<RemoteError> for Trouble {
    fn from(error: RemoteError) -> Self {
        Trouble::Remote(error)
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Trouble::Fault(fault)
    }
}

/// A value as a line.
pub(crate) fn json(value: &impl Serialize) -> Result<Vec<u8>, Trouble> {
    serde_json::to_vec(value).map_err(|e| Trouble::failed(e.to_string()))
}

/// What an answer that does not belong here makes.
pub(crate) fn unexpected(event: Event) -> Trouble {
    match event {
        Event::Refused(fault) | Event::Failed(fault) => Trouble::Fault(fault),
        other => Trouble::failed(format!("unexpected answer: {}", other.name())),
    }
}

/// Runs one agent command over a connection of its own and gives its last event.
pub(crate) fn call(
    remote: &dyn Remote,
    command: &str,
    request: &[u8],
    limit: Duration,
) -> Result<Event, Trouble> {
    let mut line = request.to_vec();
    line.push(b'\n');
    let output = remote.run(&[AGENT_PATH, command], &line, limit)?;
    let last = output.stdout.split(|b| *b == b'\n').rfind(|l| !l.is_empty());
    let Some(last) = last else {
        return match output.code {
            126 | 127 => Err(Trouble::Ended(output.code)),
            code => Err(Trouble::failed(format!(
                "the agent said nothing, exit code {code}: {}",
                output.error_text()
            ))),
        };
    };
    serde_json::from_slice(last)
        .map_err(|_| Trouble::failed(format!("the agent's answer cannot be read, exit code {}", output.code)))
}
