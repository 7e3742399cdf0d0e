//! The kinds of faults, one line each.

use crate::dice::Dice;
use std::fmt;

/// What is done to a machine, its agent, its controller or the network in the middle of an apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The agent kills itself right after it wrote a given line of its journal.
    AgentAtLine,
    /// The agent is killed when its journal is seen to reach a state, up to 3 ms later.
    AgentOnLine,
    /// The agent is killed at any moment.
    AgentAnyTime,
    /// The agent is killed while it confirms.
    AgentInConfirm,
    /// The agent is killed while it goes back, and again while it recovers.
    AgentInUndo,
    /// The controller's process is killed at any moment.
    ControllerKilled,
    /// A process of a service is killed while its unit is switched.
    UnitKilled,
    /// The machine's power is cut, then it boots from its disk.
    PowerCut,
    /// The disk of the agent's own state, or of the configuration, is full.
    DiskFull,
    /// The disk becomes read-only.
    ReadOnly,
    /// A checker never ends.
    CheckerHangs,
    /// A checker passes what the service then refuses.
    CheckerLies,
    /// A service starts and ends while it is watched.
    DiesInSettle,
    /// A service ends after it was watched and before the change is confirmed.
    DiesBeforeConfirm,
    /// A service ends after the change was confirmed: `status` must tell.
    DiesLater,
    /// A service crashes and is started again until systemd's start limit is hit.
    CrashLoop,
    /// `systemctl reload` never ends.
    ReloadHangs,
    /// The fleet's own reload command never ends.
    CommandHangs,
    /// A health probe never holds.
    ProbeFails,
    /// systemd and all services stand still for a while.
    Freeze,
    /// The network is cut before a step for shorter or longer than the deadline.
    NetworkCut,
    /// Nobody can confirm until the deadline is over.
    NobodyConfirms,
    /// The host confirms and its answer is lost.
    AnswerLost,
    /// Over SSH: sshd is killed and comes back after a while.
    SshdKilled,
    /// Over SSH: packets get lost for a while.
    PacketLoss,
    /// The host's clock jumps, and the controller's is off.
    ClockJump,
    /// Two controllers want two different states at once.
    TwoControllers,
}

impl Kind {
    /// All of them, in the order of the table.
    pub const ALL: [Kind; 27] = [
        Kind::AgentAtLine,
        Kind::AgentOnLine,
        Kind::AgentAnyTime,
        Kind::AgentInConfirm,
        Kind::AgentInUndo,
        Kind::ControllerKilled,
        Kind::UnitKilled,
        Kind::PowerCut,
        Kind::DiskFull,
        Kind::ReadOnly,
        Kind::CheckerHangs,
        Kind::CheckerLies,
        Kind::DiesInSettle,
        Kind::DiesBeforeConfirm,
        Kind::DiesLater,
        Kind::CrashLoop,
        Kind::ReloadHangs,
        Kind::CommandHangs,
        Kind::ProbeFails,
        Kind::Freeze,
        Kind::NetworkCut,
        Kind::NobodyConfirms,
        Kind::AnswerLost,
        Kind::SshdKilled,
        Kind::PacketLoss,
        Kind::ClockJump,
        Kind::TwoControllers,
    ];

    /// The name on the command line and in the table.
    pub fn name(self) -> &'static str {
        match self {
            Kind::AgentAtLine => "agent-at-line",
            Kind::AgentOnLine => "agent-on-line",
            Kind::AgentAnyTime => "agent-any-time",
            Kind::AgentInConfirm => "agent-in-confirm",
            Kind::AgentInUndo => "agent-in-undo",
            Kind::ControllerKilled => "controller-killed",
            Kind::UnitKilled => "unit-killed",
            Kind::PowerCut => "power-cut",
            Kind::DiskFull => "disk-full",
            Kind::ReadOnly => "read-only",
            Kind::CheckerHangs => "checker-hangs",
            Kind::CheckerLies => "checker-lies",
            Kind::DiesInSettle => "dies-in-settle",
            Kind::DiesBeforeConfirm => "dies-before-confirm",
            Kind::DiesLater => "dies-later",
            Kind::CrashLoop => "crash-loop",
            Kind::ReloadHangs => "reload-hangs",
            Kind::CommandHangs => "command-hangs",
            Kind::ProbeFails => "probe-fails",
            Kind::Freeze => "freeze",
            Kind::NetworkCut => "network-cut",
            Kind::NobodyConfirms => "nobody-confirms",
            Kind::AnswerLost => "answer-lost",
            Kind::SshdKilled => "sshd-killed",
            Kind::PacketLoss => "packet-loss",
            Kind::ClockJump => "clock-jump",
            Kind::TwoControllers => "two-controllers",
        }
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|k| k.name() == name)
    }

    /// How often it comes, against the others. What waits for a deadline comes more seldom.
    fn weight(self) -> u64 {
        match self {
            Kind::AgentAtLine | Kind::AgentOnLine | Kind::AgentAnyTime => 12,
            Kind::PowerCut | Kind::ControllerKilled | Kind::NetworkCut => 8,
            Kind::AgentInConfirm | Kind::AgentInUndo | Kind::UnitKilled => 6,
            Kind::DiskFull | Kind::ReadOnly | Kind::TwoControllers | Kind::AnswerLost => 5,
            Kind::CheckerLies | Kind::DiesInSettle | Kind::ProbeFails | Kind::Freeze => 4,
            Kind::NobodyConfirms | Kind::DiesBeforeConfirm | Kind::CheckerHangs | Kind::CrashLoop => 4,
            Kind::DiesLater | Kind::ReloadHangs | Kind::CommandHangs => 3,
            Kind::SshdKilled | Kind::PacketLoss | Kind::ClockJump => 3,
        }
    }

    /// The kind of a case.
    pub fn of(seed: u64, case: u64) -> Kind {
        let all: u64 = Kind::ALL.iter().map(|k| k.weight()).sum();
        let mut left = Dice::new(seed, case, "kind").below(all);
        for kind in Kind::ALL {
            match left.checked_sub(kind.weight()) {
                Some(rest) => left = rest,
                None => return kind,
            }
        }
        Kind::AgentAnyTime
    }

    /// True when the fault goes on after the report: the host may say that it could not go back yet.
    pub fn lasts(self) -> bool {
        matches!(self, Kind::DiskFull | Kind::ReadOnly | Kind::ReloadHangs)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_hundred_cases_have_every_kind() {
        let found: std::collections::BTreeSet<Kind> = (0..300).map(|n| Kind::of(20_260_101, n)).collect();
        assert_eq!(found.len(), Kind::ALL.len(), "{found:?}");
        assert!(Kind::ALL.iter().all(|k| Kind::named(k.name()) == Some(*k)));
    }
}
