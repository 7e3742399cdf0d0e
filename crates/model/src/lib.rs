//! The fleet as typed values, each with its place in the text. What a person may write is defined here,
//! once: the type, how it is read, and the words that document it.

pub mod codes;
pub mod decode;
pub mod ids;
mod macros;
pub mod node;
pub mod ports;
pub mod read;
pub mod records;
pub mod scalar;
pub mod shape;

pub use decode::{Cx, Decode, Sp};
pub use ids::*;
pub use node::{Key, Node, NodeKind};
pub use ports::NAMED_PORTS;
pub use records::*;
pub use scalar::{Address, BitRate, Bytes, PortSpec, Proto, Raw, Seconds};
