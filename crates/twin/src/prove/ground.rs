//! What probes stand on: the nodes of a world that has been booted.

use crate::Twin;
use crate::ground::netns;
use remote::{Output, Remote};
use std::time::Duration;

/// A booted world. A node is a machine of the fleet or an outside namespace; both share one set of names.
pub trait Ground: Sync {
    /// A way onto a machine.
    ///
    /// # Errors
    /// When there is no such machine, in words.
    fn remote(&self, host: &str) -> Result<Box<dyn Remote + '_>, String>;

    /// Runs a program in an outside namespace and waits at most `deadline` for it.
    ///
    /// # Errors
    /// When there is no such namespace or the program did not run to its end, in words.
    fn outside(&self, node: &str, argv: &[&str], deadline: Duration) -> Result<Output, String>;

    /// Moves the calling thread into a node's network namespace, for good. Only for threads made for it.
    ///
    /// # Errors
    /// When there is no such node, in words.
    fn enter(&self, node: &str) -> Result<(), String>;
}

/// Runs `work` on a thread of its own that stands in a node's network namespace. Sockets made there stay
/// there wherever they are used afterwards.
///
/// # Errors
/// When the node cannot be entered, in words.
pub fn within<T: Send>(
    ground: &dyn Ground,
    node: &str,
    work: impl FnOnce() -> T + Send,
) -> Result<T, String> {
    let stand = || ground.enter(node).map(|()| work());
    std::thread::scope(|scope| scope.spawn(stand).join())
        .unwrap_or_else(|_| Err(format!("a probe in {node} broke off")))
}

impl Ground for Twin {
    fn remote(&self, host: &str) -> Result<Box<dyn Remote + '_>, String> {
        let remote = Twin::remote(self, host).map_err(|e| e.to_string())?;
        Ok(Box::new(remote))
    }

    fn outside(&self, node: &str, argv: &[&str], deadline: Duration) -> Result<Output, String> {
        self.run_outside(node, argv, b"", deadline).map_err(|e| e.to_string())
    }

    fn enter(&self, node: &str) -> Result<(), String> {
        self.needs_node(node).map_err(|e| e.to_string())?;
        let namespace = netns::open(&self.paths.netns(node)).map_err(|e| e.to_string())?;
        netns::enter(&namespace).map_err(|e| format!("enter the network namespace of {node}: {e}"))
    }
}
