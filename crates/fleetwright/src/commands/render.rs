//! `fleetwright render`.

use crate::commands::render_trees;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::keys::Keys;
use crate::ui::{Style, Table};
use crate::{Cx, codes, output_tree, pipeline};
use artifact::Desired;
use clap::Args;
use diag::Diagnostic;
use model::HostId;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Write every file of every host
///
/// All or nothing: with any error the folder of the last time stays as it was. Without --out only lists
/// what would be written. Secrets are shown as ‹secret NAME› unless --secrets is given.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fleetwright render\n  fleetwright render --host kyiv-gw --out /tmp/kyiv\n  \
    fleetwright render --out build/hosts --secrets\n  fleetwright render --trees --check"
)]
pub struct Render {
    /// Only this host (may be repeated)
    #[arg(long, value_name = "HOST")]
    host: Vec<String>,
    /// The folder to write, HOST/PATH for each file; replaced as a whole
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// With the values of secrets; such files get mode 0600
    #[arg(long, requires = "out")]
    secrets: bool,
    /// Write the fleet's trees of templates, each into its own folder
    #[arg(long, conflicts_with_all = ["host", "out"])]
    trees: bool,
    /// Write nothing, say what differs; exit code 3 when something does
    #[arg(long, requires = "trees")]
    check: bool,
    /// Write nothing, say what each template reads, who says so and what that shadows
    #[arg(long, requires = "trees", conflicts_with = "check")]
    explain: bool,
}

/// Runs it.
///
/// # Errors
/// When the fleet has errors, there is no such host, or the folder cannot be written.
pub fn run(command: &Render, cx: &Cx) -> Result<Exit, Failure> {
    if command.trees {
        return render_trees::run(command.check, command.explain, cx);
    }
    let rendered = pipeline::render(cx)?;
    let checked = &rendered.chosen.checked;
    let hosts = choose(rendered.hosts, &command.host)?;
    if let Some(out) = &command.out {
        let values = if command.secrets { Some(Keys::of(checked).values(hosts.values())?) } else { None };
        let value = values.map(|values| move |name: &str| values.get(name).cloned());
        let reveal = value.as_ref().map(|v| v as output_tree::Reveal<'_>);
        let files = output_tree::write(out, &hosts, reveal)?;
        let fields = || vec![("hosts", listing(&hosts)), ("out", json!(out))];
        return pipeline::finish(cx, checked, Exit::Ok, fields, || {
            if cx.global.quiet {
                String::new()
            } else {
                format!("{files} files of {} hosts in {}\n", hosts.len(), out.display())
            }
        });
    }
    let trees: Vec<&str> = checked.model.trees.keys().map(model::Label::as_str).collect();
    let fields = || vec![("hosts", listing(&hosts)), ("trees", json!(trees))];
    pipeline::finish(cx, checked, Exit::Ok, fields, || {
        if cx.global.quiet {
            return String::new();
        }
        let mut text = String::new();
        if !trees.is_empty() {
            text.push_str(&format!("trees of templates (--trees writes them): {}\n", trees.join(", ")));
        }
        for (host, desired) in &hosts {
            text.push_str(&cx.console.paint.with(Style::Bold, host.as_str()));
            text.push('\n');
            let mut table = Table::new();
            for (path, file) in &desired.files {
                let lines = format!("{} lines", file.text.lines.len());
                table.styled([
                    (path, None),
                    (&format!("{:04o}", file.mode), Some(Style::Dim)),
                    (&file.engine, Some(Style::Dim)),
                    (&lines, Some(Style::Dim)),
                ]);
            }
            text.push_str(&table.text(2, cx.console.width, cx.console.paint));
        }
        text
    })
}

/// The hosts that were named, or all.
///
/// # Errors
/// When the fleet has no host of a name.
pub fn choose(
    mut all: BTreeMap<HostId, Desired>,
    named: &[String],
) -> Result<BTreeMap<HostId, Desired>, Failure> {
    if named.is_empty() {
        return Ok(all);
    }
    let mut chosen = BTreeMap::new();
    for name in named {
        match all.remove_entry(name.as_str()) {
            Some((id, desired)) => {
                chosen.insert(id, desired);
            }
            // Named twice is named once.
            None if chosen.contains_key(name.as_str()) => {}
            None => return Err(no_host(name, all.keys())),
        }
    }
    Ok(chosen)
}

/// There is no host of this name.
pub fn no_host<'a>(name: &str, all: impl Iterator<Item = &'a HostId>) -> Failure {
    let unknown = Diagnostic::bare(codes::NO_SUCH, format!("the fleet has no host `{name}`"));
    Failure::new(Exit::Errors, unknown.suggest(name, all.map(HostId::as_str)))
}

fn listing(hosts: &BTreeMap<HostId, Desired>) -> Value {
    let one = |desired: &Desired| {
        let files: serde_json::Map<String, Value> = desired
            .files
            .iter()
            .map(|(path, f)| {
                let text = f.text.public();
                (path.clone(), json!({"engine": f.engine, "mode": format!("{:04o}", f.mode), "owner": f.owner, "text": text}))
            })
            .collect();
        json!({
            "packages": desired.packages.keys().collect::<Vec<_>>(),
            "files": files,
            "units": desired.units.keys().collect::<Vec<_>>(),
        })
    };
    Value::Object(hosts.iter().map(|(host, desired)| (host.to_string(), one(desired))).collect())
}
