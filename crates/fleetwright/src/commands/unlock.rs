//! `fleetwright unlock`.

use super::generations::{no_answer, unexpected};
use crate::asking;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ui::Progress;
use crate::way::{self, At};
use crate::{Cx, clock, codes, pipeline};
use artifact::protocol::{Event, UnlockRequest};
use clap::Args;
use serde_json::json;

/// End somebody's run that holds a host's lock, by the name of who runs it
///
/// Only before the host has begun to switch: after that it ends by itself, whole or undone. The lock of a run
/// that is dead is free already, so this is for one that is alive and hangs, or whose person has left.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fleetwright status mac-mini\n  fleetwright unlock mac-mini --holder olena@laptop"
)]
pub struct Unlock {
    /// The host
    #[arg(value_name = "HOST")]
    host: String,
    /// Who holds it, exactly as `status` or the refusal says: `user@machine`, or the id of the run
    #[arg(long, value_name = "NAME")]
    holder: String,
    /// Where the hosts are
    #[command(flatten)]
    at: At,
}

/// Runs it.
///
/// # Errors
/// When the host does not answer, nobody of that name holds it, or it is too late.
pub fn run(command: &Unlock, cx: &Cx) -> Result<Exit, Failure> {
    let progress = Progress::new(&cx.console, "reading and rendering");
    let way = way::open(cx, &command.at, std::slice::from_ref(&command.host))?;
    let targets = way.targets();
    let host = &command.host;
    let Some(target) = targets.iter().find(|t| t.desired.host == *host) else {
        return Err(Failure::bare(Exit::Errors, codes::NO_SUCH, format!("the fleet has no host `{host}`")));
    };
    let request = UnlockRequest { hello: asking::any(), holder: command.holder.clone() };
    let claim = match asking::one(target, "unlock", &request) {
        Ok(Event::Unlocked(claim)) => claim,
        Ok(other) => return Err(no_answer(host, &unexpected(&other))),
        Err(why) => return Err(no_answer(host, &why)),
    };
    drop(progress);
    let fields = || vec![("at", json!(way.name)), ("host", json!(host)), ("was", json!(claim))];
    pipeline::finish(cx, &way.checked, Exit::Ok, fields, || {
        let since = clock::moment(claim.since);
        format!("{host}: ended run {} of {} ({}), since {since} UTC\n", claim.run, claim.who, claim.from)
    })
}
