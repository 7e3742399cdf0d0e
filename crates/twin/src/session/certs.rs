//! The certificates of the public CA's front, made by openssl once a twin.

use crate::world::AcmeFiles;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

/// Reads the front's certificates from `dir`, making them first when they are not there.
///
/// # Errors
/// When openssl is missing or fails, or the folder cannot be written.
pub fn acme_files(dir: &Path) -> io::Result<AcmeFiles> {
    let read = || -> io::Result<AcmeFiles> {
        Ok(AcmeFiles {
            ca: fs::read_to_string(dir.join("ca.pem"))?,
            certificate: fs::read_to_string(dir.join("cert.pem"))?,
            key: fs::read_to_string(dir.join("key.pem"))?,
        })
    };
    let [host, staging] = [crate::world::ACME_HOST, crate::world::ACME_STAGING_HOST];
    let leaf = format!("subjectAltName=DNS:{host},DNS:{staging}\nbasicConstraints=CA:FALSE\n");
    let same = fs::read_to_string(dir.join("leaf.ext")).is_ok_and(|is| is == leaf);
    if same && let Ok(files) = read() {
        return Ok(files);
    }
    fs::create_dir_all(dir)?;
    fs::write(dir.join("leaf.ext"), &leaf)?;
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    let ca: Vec<&str> = ["req", "-x509"]
        .into_iter()
        .chain(key)
        .chain(["-keyout", "ca.key", "-out", "ca.pem", "-days", "30", "-subj", "/CN=Fleetwright twin root"])
        .collect();
    let request: Vec<&str> = ["req"]
        .into_iter()
        .chain(key)
        .chain(["-keyout", "key.pem", "-out", "cert.csr", "-subj", "/CN=twin"])
        .collect();
    let sign = [
        "x509",
        "-req",
        "-in",
        "cert.csr",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-out",
        "cert.pem",
        "-days",
        "30",
        "-extfile",
        "leaf.ext",
    ];
    for args in [ca.as_slice(), request.as_slice(), sign.as_slice()] {
        let output = Command::new("openssl").args(args).current_dir(dir).output().map_err(|e| {
            io::Error::new(e.kind(), format!("openssl cannot be started (apt-get install openssl): {e}"))
        })?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(io::Error::other(format!("openssl {}: {said}", args[0])));
        }
    }
    read()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    #[test]
    fn certificates_are_made_once_and_verify() {
        let dir = std::env::temp_dir().join(format!("fw-certs-{}", std::process::id()));
        let first = super::acme_files(&dir).unwrap();
        assert_eq!(super::acme_files(&dir).unwrap(), first);
        let verified = std::process::Command::new("openssl")
            .args(["verify", "-CAfile", "ca.pem", "cert.pem"])
            .current_dir(&dir)
            .output()
            .unwrap();
        std::fs::remove_dir_all(&dir).unwrap();
        assert!(verified.status.success(), "{verified:?}");
    }
}
