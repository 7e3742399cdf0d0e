//! The client: one runtime for all hosts.

use super::connect::Common;
use super::known::HostKey;
use super::{Destination, Settings, SshRemote};
use crate::RemoteError;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::runtime::{Builder, Runtime};

/// Threads that work on the connections of all hosts.
const WORKERS: usize = 2;

/// Makes remotes; dropped with the last of them.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) common: Common,
    pub(super) runtime: Runtime,
    /// When it was made.
    pub(super) begun: Instant,
    /// The sudo password, once somebody was asked; `None` inside when nobody answered.
    pub(super) password: Mutex<Option<Option<String>>>,
    /// The last bytes that were packed, with their hash: many hosts get the same.
    pub(super) packed: Mutex<Option<(String, Arc<[u8]>)>>,
}

impl Client {
    /// A client with these settings.
    ///
    /// # Errors
    /// When its threads cannot be started.
    pub fn new(settings: Settings) -> io::Result<Self> {
        let runtime =
            Builder::new_multi_thread().worker_threads(WORKERS).thread_name("ssh").enable_all().build()?;
        let common = Common::new(settings, runtime.handle().clone());
        let begun = Instant::now();
        let shared = Shared { common, runtime, begun, password: Mutex::default(), packed: Mutex::default() };
        Ok(Client { shared: Arc::new(shared) })
    }

    /// A way onto a host. Nothing is connected yet.
    pub fn remote(&self, to: Destination) -> SshRemote {
        SshRemote::new(Arc::clone(&self.shared), to)
    }

    /// The keys a host shows, whether they are pinned or not. Nobody signs in. Lines are under the host's name.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub fn host_keys(&self, to: &Destination) -> Result<Vec<HostKey>, RemoteError> {
        let keys = self.shared.common.host_keys(to).map_err(|(reason, detail)| RemoteError::Unreachable {
            host: to.name.clone(),
            reason,
            detail,
        })?;
        Ok(keys.iter().map(|k| HostKey::of(&to.name, k)).collect())
    }
}
