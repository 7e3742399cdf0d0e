//! The packet filter's text, kept from one look to the next. To ask `nft` takes longer than all else an apply of
//! nothing does. The kernel counts the commits to its rules: while the count is the same, so is the text.

use crate::system::System;
use rustix::net::netlink::{NETFILTER, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};
use std::fs::DirBuilder;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// In memory, readable by root only: the count begins anew at a boot.
const FOLDER: &str = "/run/fleetwright-agent";
/// nfnetlink's number of `NFT_MSG_GETGEN` and `NFT_MSG_NEWGEN`: subsystem 10, messages 16 and 15.
const GETGEN: u16 = 10 << 8 | 16;
const NEWGEN: u16 = 10 << 8 | 15;
/// Attribute with the count.
const GEN_ID: u16 = 1;

/// Where the text is kept, and what tells this state of the rules from all others: boot, start of the machine (a
/// container has its host's boot), network namespace and count. `None` where it cannot be told.
pub fn key(system: &System) -> Option<(PathBuf, String)> {
    // A folder that stands for a system has no kernel of its own.
    if system.root() != Path::new("/") {
        return None;
    }
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let init = std::fs::read_to_string("/proc/1/stat").ok()?;
    let started = init.rsplit_once(')')?.1.split_whitespace().nth(19)?.to_owned();
    let namespace = std::fs::read_link("/proc/self/ns/net").ok()?;
    let key = format!("{} {started} {} {}", boot.trim(), namespace.display(), count()?);
    Some((system.real(FOLDER).join("nft"), key))
}

/// What was kept under this key.
pub fn kept(path: &Path, key: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let (first, rest) = text.split_once('\n')?;
    (first == key).then(|| rest.to_owned())
}

/// Keeps a text. When that cannot be done, `nft` is asked again next time.
pub fn keep(path: &Path, key: &str, text: &str) {
    let write = || -> std::io::Result<()> {
        if let Some(folder) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        // Two that look at once each have a file of their own.
        let new = path.with_extension(std::process::id().to_string());
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.create(true).truncate(true).write(true).mode(0o600).open(&new)?;
        file.write_all(format!("{key}\n{text}").as_bytes())?;
        std::fs::rename(&new, path)
    };
    let _ = write();
}

/// The kernel's count of commits to the rules of this network namespace.
fn count() -> Option<u32> {
    let socket =
        socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, Some(NETFILTER)).ok()?;
    let mut question = Vec::with_capacity(20);
    question.extend(20u32.to_ne_bytes());
    question.extend(GETGEN.to_ne_bytes());
    // A request, the first; then family, version and resource, which do not matter.
    question.extend(1u16.to_ne_bytes());
    question.extend(1u32.to_ne_bytes());
    question.extend([0; 8]);
    sendto(&socket, &question, SendFlags::empty(), &SocketAddrNetlink::new(0, 0)).ok()?;
    let mut answer = [0u8; 1024];
    let (_, length) = recv(&socket, &mut answer[..], RecvFlags::DONTWAIT).ok()?;
    generation(answer.get(..length)?)
}

/// The count in the kernel's answer: a netlink header, nfnetlink's, attributes.
fn generation(answer: &[u8]) -> Option<u32> {
    let short = |at: usize| Some(u16::from_ne_bytes(answer.get(at..at + 2)?.try_into().ok()?));
    if short(4)? != NEWGEN {
        return None;
    }
    let mut at = 20;
    loop {
        let length = usize::from(short(at)?);
        if short(at + 2)? & 0x3fff == GEN_ID {
            return Some(u32::from_be_bytes(answer.get(at + 4..at + 8)?.try_into().ok()?));
        }
        at += length.max(4).next_multiple_of(4);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_count_is_found_among_other_attributes() {
        let mut answer = vec![0u8; 20];
        answer[4..6].copy_from_slice(&NEWGEN.to_ne_bytes());
        answer.extend([5u16.to_ne_bytes(), 3u16.to_ne_bytes()].concat());
        answer.extend(*b"x\0\0\0");
        answer.extend([8u16.to_ne_bytes(), GEN_ID.to_ne_bytes()].concat());
        answer.extend(77u32.to_be_bytes());
        assert_eq!(generation(&answer), Some(77));
        assert_eq!(generation(&answer[..24]), None);
        assert_eq!(generation(b"short"), None);
        answer[4] = 2;
        assert_eq!(generation(&answer), None);
    }

    #[test]
    fn a_text_is_kept_under_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/nft");
        assert_eq!(kept(&path, "a"), None);
        keep(&path, "a", "one\ntwo\n");
        assert_eq!((kept(&path, "a").as_deref(), kept(&path, "b")), (Some("one\ntwo\n"), None));
        keep(&path, "b", "");
        assert_eq!((kept(&path, "a"), kept(&path, "b").as_deref()), (None, Some("")));
    }
}
