//! A person who could not log in.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

/// Key types OpenSSH 9 accepts for people (sshd(8), AUTHORIZED_KEYS FILE FORMAT).
const TYPES: &[&str] = &[
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for (name, admin) in &facts.fleet.admins {
        if admin.keys.is_empty() {
            let message = format!("`{name}` has no SSH key and could not log in");
            out.push(Diagnostic::error(codes::BAD_ADMIN, &admin.place, message).help("write `keys:`"));
        }
        for key in &admin.keys {
            if !is_key(key) {
                out.push(
                    Diagnostic::error(
                        codes::BAD_ADMIN,
                        &key.place,
                        format!("a key of `{name}` is no SSH public key"),
                    )
                    .help("the line of a .pub file: type, base64, comment"),
                );
            }
        }
    }
}

fn is_key(text: &str) -> bool {
    let mut parts = text.split_whitespace();
    let known = parts.next().is_some_and(|t| TYPES.contains(&t));
    let base64 = |b: u8| b.is_ascii_alphanumeric() || b"+/=".contains(&b);
    known
        && !text.contains('\n')
        && parts.next().is_some_and(|key| key.len() >= 16 && key.bytes().all(base64))
}
