//! Compose projects whose services are services of the fleet.

use crate::{Sp, record};
use std::collections::BTreeMap;

record! {
    /// A Compose project that lies in the fleet's folder: each of its services is one of the fleet's, of the same name. `services/NAME.yaml` of that name adds to it and wins. Paths count from the fleet's folder.
    pub struct ComposeProject = "files" {
        /// Compose files, each over the ones before it.
        files: Vec<Sp<String>>,
        /// Hosts, groups or environments its services run on, all of them together.
        on: Vec<Sp<String>>,
        /// Put before the names of its services: `kyiv-`.
        prefix: Option<Sp<String>>,
        /// Profiles that are active.
        profiles: Vec<Sp<String>>,
        /// Files of variables; `.env` beside the first Compose file when not written and there.
        env_file: Vec<Sp<String>>,
        /// Variables, before those of files. A shell's are never read; a whole value may be `secret/NAME`.
        environment: BTreeMap<String, Sp<String>>,
        /// The folder paths in its files count from; the first file's when not written.
        project_directory: Option<Sp<String>>,
        /// What of it the fleet does without: `logging`, `web.privileged`, `db.healthcheck.retries`.
        without: Vec<Sp<String>>,
    }
}
