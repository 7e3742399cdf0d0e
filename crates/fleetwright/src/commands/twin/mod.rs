//! `fleetwright twin`: the same fleet in namespaces on this machine.

mod apply;
mod drill;
mod fault;
mod ground;
mod prove;
mod shell;
mod up;
mod verdicts;

use crate::Cx;
use crate::exit::Exit;
use crate::failure::Failure;
use clap::{Args, Subcommand};

/// Boot the fleet on this machine as real systemd machines, apply to it, prove it, break it
///
/// Every host is a systemd machine in namespaces, every link a veth pair or bridge, and around them stand
/// providers with their NAT, other networks' routers and clients on the internet. The apply is the ordinary
/// one and the files are those production gets; what differs is said with every verdict. Needs root.
#[derive(Debug, Args)]
pub struct Twin {
    #[command(subcommand)]
    command: TwinCommand,
}

#[derive(Debug, Subcommand)]
enum TwinCommand {
    Up(up::Up),
    Apply(apply::Apply),
    Prove(prove::Prove),
    Drill(drill::Drill),
    Break(fault::Break),
    Heal(fault::Heal),
    Shell(shell::Shell),
    Down(ground::Down),
    Ls(ground::Ls),
    Gc(ground::Gc),
}

/// The command's name, as JSON answers have it.
pub fn name(twin: &Twin) -> &'static str {
    match &twin.command {
        TwinCommand::Up(_) => "twin up",
        TwinCommand::Apply(_) => "twin apply",
        TwinCommand::Prove(_) => "twin prove",
        TwinCommand::Drill(_) => "twin drill",
        TwinCommand::Break(_) => "twin break",
        TwinCommand::Heal(_) => "twin heal",
        TwinCommand::Shell(_) => "twin shell",
        TwinCommand::Down(_) => "twin down",
        TwinCommand::Ls(_) => "twin ls",
        TwinCommand::Gc(_) => "twin gc",
    }
}

/// Runs it.
///
/// # Errors
/// As the command.
pub fn run(twin: &Twin, cx: &Cx) -> Result<Exit, Failure> {
    match &twin.command {
        TwinCommand::Up(c) => up::run(c, cx),
        TwinCommand::Apply(c) => apply::run(c, cx),
        TwinCommand::Prove(c) => prove::run(c, cx),
        TwinCommand::Drill(c) => drill::run(c, cx),
        TwinCommand::Break(c) => fault::break_(c, cx),
        TwinCommand::Heal(c) => fault::heal(c, cx),
        TwinCommand::Shell(c) => shell::run(c, cx),
        TwinCommand::Down(c) => ground::down(c, cx),
        TwinCommand::Ls(c) => ground::ls(c, cx),
        TwinCommand::Gc(c) => ground::gc(c, cx),
    }
}

/// Which running twin.
#[derive(Clone, Debug, Args)]
pub struct Which {
    /// The twin [default: that of the fleet here, or the only one]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
}
