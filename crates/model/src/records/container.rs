//! How a service's container runs, where that is not as its image and module say.

use crate::{Bytes, PathKey, Seconds, SecretRef, Sp, choice, record};
use std::collections::BTreeMap;
use std::net::IpAddr;

choice! {
    /// When a container that ended is started again.
    pub enum RestartWhen {
        /// Whenever it ends.
        Always = "always",
        /// When it ends with a failure.
        OnFailure = "on-failure",
        /// Never.
        Never = "never",
    }
}

record! {
    /// How a service's container runs, where that is not as its image and module say. A container is on its host's network.
    pub struct ContainerSettings {
        /// Words after the entrypoint, instead of the image's and the module's.
        args: Vec<Sp<String>>,
        /// Program and its first words, instead of the image's.
        entrypoint: Vec<Sp<String>>,
        /// `USER` or `USER:GROUP` it runs as, by name or number.
        user: Option<Sp<String>>,
        /// Folder it starts in.
        working_dir: Option<Sp<String>>,
        /// Its own file system cannot be written.
        read_only: Option<bool>,
        /// A small first process takes care of those that end.
        init: Option<bool>,
        /// Capabilities it gets: `NET_ADMIN`.
        cap_add: Vec<Sp<String>>,
        /// Capabilities it loses; `ALL` is all of them.
        cap_drop: Vec<Sp<String>>,
        /// Nothing in it gets more rights than it was started with.
        no_new_privileges: Option<bool>,
        /// Devices of the host: `/dev/dri`, `/dev/ttyUSB0:/dev/serial:rw`.
        devices: Vec<Sp<String>>,
        /// Folders in memory: `/run`, `/tmp:size=64m`.
        tmpfs: Vec<Sp<String>>,
        /// Paths of the host it sees: `/media: /mnt/media`.
        binds: BTreeMap<PathKey, Bind>,
        /// Files that are made for it and that it can read.
        files: BTreeMap<PathKey, ContainerFile>,
        /// Secrets it reads from files: `/run/secrets/db: secret/db`.
        secrets: BTreeMap<PathKey, Sp<SecretRef>>,
        /// Names only it knows: `db: 127.0.0.1`.
        hosts: BTreeMap<String, Sp<IpAddr>>,
        /// Size of its shared memory.
        shm_size: Option<Bytes>,
        /// When it is started again; `on-failure` when not written.
        restart: Option<Sp<RestartWhen>>,
        /// Signal that asks it to stop; the image's when not written.
        stop_signal: Option<Sp<String>>,
        /// How long it may take to stop; 10s when not written.
        stop_grace: Option<Seconds>,
        /// Words in braces in `args`, `entrypoint` and `env` are no placeholders.
        verbatim: Option<bool>,
    }
}

record! {
    /// A path of the host that a container sees.
    pub struct Bind = "from" {
        /// The path on the host.
        from: Sp<String>,
        /// It cannot be written.
        read_only: Option<bool>,
    }
}

record! {
    /// A file that is made for a container.
    pub struct ContainerFile = "content" {
        /// The text, as it is.
        content: Sp<String>,
        /// Permission bits, octal; 0644 when not written.
        mode: Option<Sp<String>>,
    }
}
