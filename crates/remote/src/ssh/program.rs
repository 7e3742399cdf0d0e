//! ProxyCommand: a program that is the connection.

use super::config::Failure;
use crate::Reach;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::process::{Child, Command};

/// Most of what a program says that is kept, in bytes.
const KEPT: usize = 2048;

/// A running program, ended when dropped.
pub(super) struct Program {
    _child: Child,
    errors: Arc<Mutex<Vec<u8>>>,
}

impl Program {
    /// Starts a command line as ssh(1) does. To be called inside the runtime.
    ///
    /// # Errors
    /// When there is no shell to start.
    pub(super) fn start(command: &str) -> Result<(impl AsyncRead + AsyncWrite + use<>, Program), Failure> {
        let mut child = Command::new("sh")
            .args(["-c", &format!("exec {command}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| (Reach::Config, format!("ProxyCommand: {e}")))?;
        let (Some(input), Some(output), Some(mut said)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err((Reach::Config, "ProxyCommand: no pipes".to_owned()));
        };
        let errors = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&errors);
        tokio::spawn(async move {
            let mut buffer = [0; 512];
            // Read to the end, so that the program never waits for its complaints to be heard.
            while let Ok(n @ 1..) = said.read(&mut buffer).await {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                let room = KEPT.saturating_sub(kept.len()).min(n);
                kept.extend_from_slice(&buffer[..room]);
            }
        });
        Ok((tokio::io::join(output, input), Program { _child: child, errors }))
    }

    /// What it complained of, to be put after a message.
    pub(super) fn said(&self) -> String {
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        match String::from_utf8_lossy(&errors).trim() {
            "" => String::new(),
            text => format!("; ProxyCommand said: {text}"),
        }
    }
}
