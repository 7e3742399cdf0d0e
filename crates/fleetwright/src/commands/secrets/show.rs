//! `fleetwright secrets show`.

use super::book;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::keys::no_value;
use crate::{Cx, codes, pipeline};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::json;
use std::io::IsTerminal;

/// Print the value of a secret
///
/// Byte for byte; a terminal gets a line end after it. With --public only the half that everybody may see: the
/// public key, the certificate, the public keys of a key set.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fleetwright secrets show ams-transit\n  fleetwright secrets show deploy-key --public"
)]
pub struct Show {
    /// The secret
    #[arg(value_name = "NAME")]
    name: String,
    /// Only the half that everybody may see
    #[arg(long)]
    public: bool,
}

/// Runs it.
///
/// # Errors
/// When the fleet has errors or no such secret, or it has no value that can be read.
pub fn run(command: &Show, cx: &Cx) -> Result<Exit, Failure> {
    let book = book::open(cx)?;
    let name = book.name(&command.name)?;
    if command.public {
        let public = book.store.public(&name)?.ok_or_else(|| {
            let message = format!("`secret/{name}` has no half that everybody may see");
            Failure::bare(Exit::Errors, codes::SECRET_KIND, message)
                .help("keys of the kinds ssh, tls, wireguard and jwks that were made here have one")
        })?;
        let fields = || vec![("name", json!(name)), ("public", json!(public))];
        return pipeline::finish(cx, book.checked(), Exit::Ok, fields, || format!("{}\n", public.trim_end()));
    }
    let uses = book.uses.get(&name).map(Vec::as_slice).unwrap_or_default();
    let value = book.store.get(&name)?;
    let value =
        value.ok_or_else(|| Failure::new(Exit::Errors, no_value(&name, &book.store.origin(&name), uses)))?;
    if cx.global.json {
        let fields = || {
            let encoded = value.text().is_none().then(|| STANDARD.encode(value.bytes()));
            vec![("name", json!(name)), ("value", json!(value.text())), ("base64", json!(encoded))]
        };
        return pipeline::finish(cx, book.checked(), Exit::Ok, fields, String::new);
    }
    cx.console.print_bytes(value.bytes())?;
    if std::io::stdout().is_terminal() {
        cx.console.print("\n")?;
    }
    Ok(Exit::Ok)
}
