//! sshd and people's accounts: keys only.

use crate::codes;
use crate::cx::Cx;
use crate::out::{HEADER, Out, PUBLIC, Rights};
use artifact::{Text, User};
use derive::fleet::Person;
use diag::Diagnostic;
use engine::sshd::{DAEMON, FILE, SUDOERS, checked, sudoers_checked};
use std::collections::BTreeSet;

/// Passwords are shut off only where somebody has a key: nobody is locked out.
pub(crate) fn render(cx: &Cx<'_>, out: &mut Out<'_>) {
    let people = &cx.host.people;
    let Some(first) = people.iter().find(|p| !p.keys.is_empty()) else {
        for person in people {
            out.say(
                Diagnostic::error(
                    codes::CANNOT_SAY,
                    &person.why.place,
                    format!("{} has no SSH key and could not sign in on {}", person.name, cx.host.id),
                )
                .help("write `keys:` for them"),
            );
        }
        return;
    };
    let why = &first.why;
    let mut text = Text::new();
    text.line(HEADER, why);
    text.line("PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitEmptyPasswords no", why);
    text.line("PermitRootLogin prohibit-password\nX11Forwarding no", why);
    if let Some((raw, why)) = out.raw("sshd") {
        text.line(raw.trim_end(), &why);
    }
    out.file(DAEMON.engine, FILE, PUBLIC, text, why);
    out.daemon(&DAEMON, &[FILE], &[], why);
    out.check(checked());
    for person in people {
        out.user(&person.name, account(person));
    }
    sudo(people, out);
}

fn account(person: &Person) -> User {
    User {
        system: false,
        home: format!("/home/{}", person.name),
        shell: "/bin/bash".to_owned(),
        groups: BTreeSet::new(),
        keys: person.keys.clone(),
        why: person.why.clone(),
    }
}

fn sudo(people: &[Person], out: &mut Out<'_>) {
    let Some(first) = people.iter().find(|p| p.sudo) else { return };
    let mut text = Text::new();
    text.line(HEADER, &first.why);
    for person in people.iter().filter(|p| p.sudo) {
        // Nobody has a password to be asked for.
        text.line(format!("{} ALL=(ALL:ALL) NOPASSWD: ALL", person.name), &person.why);
    }
    out.packages(&["sudo"], &first.why);
    out.file("sudo", SUDOERS, Rights(0o440, "root", "root"), text, &first.why);
    out.check(sudoers_checked());
}
