//! Runs a host's own checks on its staged files, with the real programs.

use super::secret;
use artifact::Desired;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// Writes a host's files, secrets filled in, under a folder.
pub fn stage(desired: &Desired, root: &Path) {
    for (path, file) in &desired.files {
        let at = root.join(path.trim_start_matches('/'));
        std::fs::create_dir_all(at.parent().unwrap()).unwrap();
        std::fs::write(&at, file.text.reveal(&secret).unwrap()).unwrap();
        std::fs::set_permissions(&at, std::fs::Permissions::from_mode(file.mode)).unwrap();
    }
}

/// Every check of the host passes; a missing checker is a failure.
pub fn all_pass(desired: &Desired) {
    let root = tempfile::tempdir().unwrap();
    stage(desired, root.path());
    for check in &desired.checks {
        if let Err(said) = run(&check.argv, root.path()) {
            panic!("{} on {}: {:?}\n{said}", check.engine, desired.host, check.argv);
        }
    }
}

/// Runs a check's command on a staged tree.
pub fn run(argv: &[String], root: &Path) -> Result<String, String> {
    let argv: Vec<String> = argv.iter().map(|a| a.replace("{stage}", root.to_str().unwrap())).collect();
    let output = Command::new(&argv[0])
        .args(&argv[1..])
        .output()
        .map_err(|e| format!("{} cannot be started: {e}", argv[0]))?;
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(said) } else { Err(said) }
}
