//! `fleetwright secrets edit`.

use super::book;
use super::set::{To, settable, told};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::secret_store::{AGE_KEY, IDENTITY};
use crate::ui::Interrupt;
use crate::{Cx, codes};
use ::secret::Secret;
use clap::Args;
use rustix::fs::statfs;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Change the value of a secret in an editor
///
/// The editor ($VISUAL, else $EDITOR, else vi) gets a file nobody else can read, in memory where this machine has a
/// file system there, which is gone afterwards. The line end it leaves at the end of the file is not part of the
/// value.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fleetwright secrets edit ams-transit\n  EDITOR=nano fleetwright secrets edit tls-key"
)]
pub struct Edit {
    /// The secret
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    to: To,
}

/// Runs it.
///
/// # Errors
/// When the fleet has errors or no such secret, the editor fails, or the value cannot stand where it is used.
pub fn run(command: &Edit, cx: &Cx) -> Result<Exit, Failure> {
    let book = book::open(cx)?;
    let name = book.name(&command.name)?;
    settable(&book, &name)?;
    // Ctrl-C is the editor's: this program has something to take away afterwards.
    let _interrupt = Interrupt::listen()
        .map_err(|e| Failure::bare(Exit::Errors, codes::INTERRUPTED, format!("listen for signals: {e}")))?;
    let before = book.store.get(&name)?;
    let desk = Desk::new().map_err(|e| unusable(&e))?;
    if !desk.in_memory {
        cx.console.note(
            "note: this machine has no file system in memory for it: the value is on a disk while you edit\n",
        );
    }
    let after = desk.edit(&name, before.as_ref())?;
    drop(desk);
    if before.as_ref() == Some(&after) && command.to.kept().is_none() {
        cx.console.say(format!("secret/{name} is as it was"))?;
        return Ok(Exit::Ok);
    }
    let (kept, followed) = book.keep(&name, &after, None, command.to.kept())?;
    told(cx, &book, &name, kept, &followed)
}

fn unusable(e: &std::io::Error) -> Failure {
    Failure::bare(Exit::Errors, codes::UNWRITABLE, format!("a place to edit in: {e}"))
}

/// A folder of one's own that goes with all that is in it, an editor's copies too.
struct Desk {
    folder: PathBuf,
    in_memory: bool,
}

impl Desk {
    fn new() -> std::io::Result<Self> {
        let own = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let memory = own.into_iter().chain([PathBuf::from("/dev/shm")]).find(|p| is_memory(p));
        let in_memory = memory.is_some();
        let within = memory.unwrap_or_else(std::env::temp_dir);
        let number =
            u64::from_le_bytes(crate::secret_store::random::<8>().map_err(|_| std::io::ErrorKind::Other)?);
        let folder = within.join(format!("fleetwright-{number:016x}"));
        // Not one that is there already, whoever made it.
        DirBuilder::new().mode(0o700).create(&folder)?;
        Ok(Desk { folder, in_memory })
    }

    /// What is in the file when the editor has ended well.
    fn edit(&self, name: &str, before: Option<&Secret>) -> Result<Secret, Failure> {
        let path = self.folder.join(name.replace('/', "-"));
        let write = || -> std::io::Result<()> {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            if let Some(before) = before {
                file.write_all(before.bytes())?;
                file.write_all(b"\n")?;
            }
            Ok(())
        };
        write().map_err(|e| unusable(&e))?;
        let set = |name| std::env::var(name).ok().filter(|v| !v.trim().is_empty());
        let editor = set("VISUAL").or_else(|| set("EDITOR")).unwrap_or_else(|| "vi".to_owned());
        // As git does: the variable may have options in it.
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("{editor} \"$1\"")).arg("sh").arg(&path);
        command.env_remove(AGE_KEY).env_remove(IDENTITY);
        let failed = |why: String| {
            Failure::bare(Exit::Errors, codes::NO_ANSWER, format!("`{editor}` {why}; nothing was changed"))
        };
        match command.status() {
            Ok(status) if status.success() => {}
            Ok(status) => return Err(failed(format!("ended with {status}"))),
            Err(e) => return Err(failed(format!("cannot be run: {e}"))),
        }
        let mut bytes = fs::read(&path).map_err(|e| unusable(&e))?;
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        }
        Ok(Secret::new(bytes))
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn is_memory(path: &Path) -> bool {
    /// statfs(2).
    const TMPFS: u64 = 0x0102_1994;
    statfs(path).is_ok_and(|s| u64::try_from(s.f_type).is_ok_and(|t| t == TMPFS))
}
