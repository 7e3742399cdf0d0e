//! This machine.

use crate::{Output, Remote, RemoteError, Stream, run_bounded};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// This machine as a host.
#[derive(Clone, Debug)]
pub struct Local {
    name: String,
}

impl Local {
    /// This machine, under the name the fleet has for it.
    pub fn new(name: impl Into<String>) -> Self {
        Local { name: name.into() }
    }
    fn failed(&self, what: &str, error: impl ToString) -> RemoteError {
        RemoteError::Failed { host: self.name.clone(), command: what.to_owned(), detail: error.to_string() }
    }
}

impl Remote for Local {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(&self, argv: &[&str], stdin: &[u8], deadline: Duration) -> Result<Output, RemoteError> {
        let (program, args) = argv.split_first().ok_or_else(|| self.failed("", "empty command"))?;
        run_bounded(&self.name, Command::new(program).args(args), stdin, deadline)
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, RemoteError> {
        match std::fs::read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(self.failed(&format!("read {path}"), e)),
        }
    }

    fn write(&self, path: &str, bytes: &[u8], mode: u32) -> Result<(), RemoteError> {
        use std::io::Write;
        use std::os::unix::fs::OpenOptionsExt;
        let what = format!("write {path}");
        let target = Path::new(path);
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder).map_err(|e| self.failed(&what, e))?;
        }
        let staged = format!("{path}.fw-{}", std::process::id());
        let written = (|| {
            let mut file = std::fs::OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(mode)
                .open(&staged)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            std::fs::rename(&staged, target)
        })();
        written.map_err(|e| {
            let _ = std::fs::remove_file(&staged);
            self.failed(&what, e)
        })
    }

    fn open(&self, argv: &[&str]) -> Result<Stream, RemoteError> {
        let (program, args) = argv.split_first().ok_or_else(|| self.failed("", "empty command"))?;
        let child = Command::new(program)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| self.failed(program, e))?;
        Ok(Stream::new(child))
    }
}
