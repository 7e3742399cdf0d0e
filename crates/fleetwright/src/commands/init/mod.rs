//! `fleetwright init`.

mod ask;
mod sources;

use crate::exit::Exit;
use crate::failure::{Failure, envelope};
use crate::{Cx, clock, codes, folder};
use clap::Args;
use diag::{Diagnostic, Report};
use model::UplinkKind;
use serde_json::{Map, json};
use source::Sources;
use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Make a small working fleet: one site, one host, a proxy, a page behind it, metrics
///
/// On a terminal it asks for what no option says; otherwise the defaults are taken. The sources pass
/// `check` before anything is written, and a folder that already holds a fleet is left alone.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fleetwright init my-fleet\n  \
    fleetwright init my-fleet --domain example.net --uplink 203.0.113.7 --lan 192.168.1.0/24 --yes")]
pub struct Init {
    /// The folder; made when it is missing
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Domain of the fleet's names [default: FOLDER.internal]
    #[arg(long)]
    domain: Option<String>,
    /// Name of the site [default: home]
    #[arg(long)]
    site: Option<String>,
    /// How the site reaches the internet: `cgnat`, `none`, or its public IPv4 address [default: cgnat]
    #[arg(long, value_name = "WAY")]
    uplink: Option<String>,
    /// The site's LAN [default: 192.168.1.0/24]
    #[arg(long, value_name = "PREFIX")]
    lan: Option<String>,
    /// Name of the host, which routes for the LAN [default: gateway]
    #[arg(long)]
    host: Option<String>,
    /// Ask nothing
    #[arg(short, long)]
    yes: bool,
}

/// What the fleet is made from.
struct Answers {
    domain: String,
    site: String,
    uplink: Way,
    lan: ipnet::Ipv4Net,
    lan6: (Ipv6Addr, Ipv6Addr),
    host: String,
}

/// How the site reaches the internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Kind(UplinkKind),
    Public(Ipv4Addr),
}

/// Runs it.
///
/// # Errors
/// When an answer makes no sense, the folder holds a fleet already, or it cannot be written.
pub fn run(command: &Init, cx: &Cx) -> Result<Exit, Failure> {
    free(&command.dir)?;
    let answers = ask::answers(command, cx)?;
    let files = sources::files(&answers);
    let mut sources = Sources { root_name: folder::name(&command.dir), ..Sources::default() };
    for (path, text) in files.iter().filter(|(path, _)| source::role(path) != source::Role::Other) {
        sources.files.insert((*path).to_owned(), text.clone().into_bytes());
    }
    let (fleet, mut report) = source::load(&sources);
    if let Some(fleet) = &fleet {
        report = source::settle(report, check::check_on(fleet, Some(&clock::today())));
    }
    if fleet.is_none() || report.has_errors() {
        return Err(Failure { exit: Exit::Errors, report, texts: Arc::new(sources) });
    }
    for (path, text) in &files {
        write(&command.dir.join(path), text)?;
    }
    let names: Vec<&String> = files.iter().map(|(path, _)| path).collect();
    if cx.global.json {
        let fields =
            Map::from_iter([("folder".to_owned(), json!(command.dir)), ("files".into(), json!(names))]);
        cx.console.json(&envelope(cx, Exit::Ok, &Report::new(), fields))?;
    } else {
        let list: String = names.iter().map(|n| format!("  {}\n", command.dir.join(n).display())).collect();
        let at = if command.dir == Path::new(".") {
            String::new()
        } else {
            format!(" -C {}", command.dir.display())
        };
        cx.console.say(format!(
            "{list}\nNext:\n  fleetwright{at} check\n  fleetwright{at} graph\n  fleetwright{at} lock && fleetwright{at} render"
        ))?;
    }
    Ok(Exit::Ok)
}

/// A fleet is never written over another.
fn free(dir: &Path) -> Result<(), Failure> {
    let in_the_way = |what: PathBuf| {
        Failure::new(
            Exit::Errors,
            Diagnostic::bare(codes::IN_THE_WAY, format!("{} is there already", what.display()))
                .help("name another folder"),
        )
    };
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        Err(_) => return Err(in_the_way(dir.to_path_buf())),
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name == source::folder::FLEET_FILE
            || name == ".gitignore"
            || source::folder::KINDS.contains(&&*name)
        {
            return Err(in_the_way(entry.path()));
        }
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let done = fs::create_dir_all(folder).and_then(|()| fs::write(path, text));
    done.map_err(|e| Failure::bare(Exit::Errors, codes::UNWRITABLE, format!("{}: {e}", path.display())))
}
