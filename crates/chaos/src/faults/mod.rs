//! Doing what a kind says. One file a thing that is broken.

mod agent;
mod clock;
mod controller;
mod disk;
mod machine;
mod network;
mod road;
mod state;

use crate::case::{After, Case};
use crate::kind::Kind;
use crate::verdict::Told;

/// Applies the case's new state and breaks something while it goes on.
///
/// # Errors
/// When the harness itself could not do its part.
pub fn inject(case: &mut Case<'_>, kind: Kind) -> Result<(Told, After), String> {
    let told = match kind {
        Kind::AgentAtLine => agent::at_line(case),
        Kind::AgentOnLine => agent::on_line(case),
        Kind::AgentAnyTime => agent::any_time(case),
        Kind::AgentInConfirm => agent::in_confirm(case),
        Kind::AgentInUndo => agent::in_undo(case),
        Kind::ControllerKilled => controller::killed(case)?,
        Kind::UnitKilled => machine::unit_killed(case)?,
        Kind::PowerCut => machine::power_cut(case)?,
        Kind::Freeze => machine::freeze(case)?,
        Kind::DiskFull => return disk::full(case),
        Kind::ReadOnly => return disk::read_only(case),
        Kind::CheckerHangs
        | Kind::CheckerLies
        | Kind::DiesInSettle
        | Kind::DiesBeforeConfirm
        | Kind::DiesLater
        | Kind::CrashLoop
        | Kind::ProbeFails
        | Kind::ReloadHangs
        | Kind::CommandHangs => state::flawed(case, kind)?,
        Kind::NetworkCut => network::cut(case),
        Kind::NobodyConfirms => network::nobody_confirms(case),
        Kind::AnswerLost => network::answer_lost(case),
        Kind::SshdKilled => road::sshd_killed(case)?,
        Kind::PacketLoss => road::packet_loss(case)?,
        Kind::ClockJump => clock::jumps(case)?,
        Kind::TwoControllers => return controller::two(case),
    };
    Ok((told, After::default()))
}
