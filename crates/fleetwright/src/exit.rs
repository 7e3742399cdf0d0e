//! Exit codes. `docs/exit-codes.md` is generated from this table, so the words here are the reference.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Everything that was asked was done and seen to hold.
    Ok,
    /// The sources have errors, or something could not be read or written.
    Errors,
    /// The command line was not understood.
    Usage,
    /// There is something to apply: OpenTofu's own code for it.
    Changes,
    /// A proof was refuted, an apply failed or was undone, a lock or output is stale.
    Refuted,
    /// Something could not be judged: a host did not answer, a proof could not be carried out.
    Unknown,
    /// This machine lacks something that is needed.
    Missing,
    /// Stopped by Ctrl-C or SIGTERM; what was made was released.
    Interrupted,
}

/// An exit code with its meaning, for the reference.
pub struct Meaning {
    /// The code's place in the type.
    pub exit: Exit,
    /// One word.
    pub word: &'static str,
    /// One or two sentences.
    pub meaning: &'static str,
}

/// Every exit code in order.
pub const TABLE: &[Meaning] = &[
    Meaning { exit: Exit::Ok, word: "ok", meaning: "Everything that was asked was done and seen to hold." },
    Meaning {
        exit: Exit::Errors,
        word: "errors",
        meaning: "The sources have errors (each is printed with its code and place), or something could not be read or written.",
    },
    Meaning { exit: Exit::Usage, word: "usage", meaning: "The command line was not understood." },
    Meaning {
        exit: Exit::Changes,
        word: "changes",
        meaning: "`tofu plan` alone: OpenTofu has changes to apply. It is OpenTofu's own code for that.",
    },
    Meaning {
        exit: Exit::Refuted,
        word: "refuted",
        meaning: "A proof was refuted, an apply failed or was undone, or `lock --check` found the lock stale.",
    },
    Meaning {
        exit: Exit::Unknown,
        word: "unknown",
        meaning: "Something could not be judged: a host did not answer, a proof could not be carried out. Never reported as success.",
    },
    Meaning {
        exit: Exit::Missing,
        word: "missing",
        meaning: "This machine lacks something that is needed (a program, root, a kernel feature); what and how to get it is printed.",
    },
    Meaning {
        exit: Exit::Interrupted,
        word: "interrupted",
        meaning: "Stopped by Ctrl-C or SIGTERM; what had been started was taken down again.",
    },
];

impl Exit {
    /// The number the process ends with.
    pub fn code(self) -> u8 {
        match self {
            Exit::Ok => 0,
            Exit::Errors => 1,
            Exit::Usage | Exit::Changes => 2,
            Exit::Refuted => 3,
            Exit::Unknown => 4,
            Exit::Missing => 5,
            Exit::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}
