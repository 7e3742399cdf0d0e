//! On the host.
fn main() {}
