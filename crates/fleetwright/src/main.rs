//! Arguments in, words out.
fn main() {}
