//! Finding the agent binary that goes onto hosts.

use crate::types::AgentBinary;
use std::io;
use std::path::Path;

impl AgentBinary {
    /// From its bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        let sha256 = artifact::hash_hex(&bytes);
        AgentBinary { bytes: bytes.into(), sha256 }
    }

    /// From a file.
    ///
    /// # Errors
    /// When it cannot be read, or is not an executable (ELF).
    pub fn read(path: &Path) -> io::Result<Self> {
        let bytes =
            std::fs::read(path).map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", path.display())))?;
        if !bytes.starts_with(b"\x7fELF") {
            let message = format!("{} is not an executable", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(Self::new(bytes))
    }

    /// The `fleetwright-agent` that lies beside the running program, or one folder above it (test
    /// binaries run from `deps/`).
    ///
    /// # Errors
    /// When there is none there or it cannot be read.
    pub fn beside_this_program() -> io::Result<Self> {
        let program = std::env::current_exe()?;
        let folders = program.ancestors().skip(1).take(2);
        let found = folders.map(|f| f.join("fleetwright-agent")).find(|p| p.is_file());
        let path = found.ok_or_else(|| {
            let message = format!(
                "no fleetwright-agent beside {}; build it with `cargo build -p agent`",
                program.display()
            );
            io::Error::new(io::ErrorKind::NotFound, message)
        })?;
        Self::read(&path)
    }
}
