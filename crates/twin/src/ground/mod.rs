//! What a twin stands on: namespaces, links, cgroups, processes, and the limits of the kernel they share.

pub(crate) mod cgroup;
pub(crate) mod limits;
pub(crate) mod links;
pub(crate) mod netns;
pub(crate) mod outside;
pub(crate) mod process;
pub(crate) mod sockets;
pub(crate) mod view;
