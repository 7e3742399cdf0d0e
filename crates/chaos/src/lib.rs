//! Faults injected into applies, and an oracle that looks from outside: `docs/chaos.md`.
//!
//! `state` draws states from a seed, `desired` makes them what an apply takes and `facts` what they look
//! like; `look` and `watch` are the eyes, `way`, `road`, `clock` and `faults` the hands; `verdict` compares, `case` is one
//! transition with one fault, `run` many of them, `tally` counts.

pub mod case;
mod clock;
pub mod desired;
pub mod dice;
pub mod facts;
mod faults;
pub mod kind;
pub mod lab;
pub mod look;
pub mod one;
mod relay;
pub mod road;
pub mod run;
pub mod state;
pub mod tally;
pub mod verdict;
pub mod watch;
pub mod way;
