//! What goes in and what comes out.

use crate::Normal;
use derive::Lock;
use diag::{Diagnostic, Place, Report};
use model::Fleet;

/// A file of another tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportFile {
    /// Its path: on the host where it was read there or is rendered there, else as the caller named it.
    pub path: String,
    /// What is in it. May hold secrets: never shown whole.
    pub text: String,
}

/// What a reader gets.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The host the files are from, where the caller said it.
    pub host: Option<&'a str>,
    /// The files, in the order given.
    pub files: &'a [ImportFile],
    /// The fleet they are brought into; `None` where the folder has none yet.
    pub fleet: Option<&'a Fleet>,
}

/// A source file of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFile {
    /// Path in the fleet's folder: `tunnels/wg0.yaml`, `hosts/gate.yaml`.
    pub path: String,
    /// YAML.
    pub text: String,
}

/// Something a file says that the model does not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// Where it stands in the imported file.
    pub place: Place,
    /// What: the key or line, without secret values.
    pub what: String,
    /// Why it was not carried, and what to do instead.
    pub why: String,
}

/// What a reader made of the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Files of the model.
    pub files: Vec<ModelFile>,
    /// What could not be carried.
    pub notes: Vec<Note>,
    /// Faults; with errors among them nothing is written.
    pub report: Report,
    /// Choices that are to stay as they are, for `fleet.lock`: public keys and addresses of tunnels.
    pub lock: Lock,
}

impl Imported {
    /// Adds a file.
    pub fn file(&mut self, path: impl Into<String>, text: impl Into<String>) -> &mut Self {
        self.files.push(ModelFile { path: path.into(), text: text.into() });
        self
    }
    /// Adds what could not be carried.
    pub fn note(&mut self, place: &Place, what: impl Into<String>, why: impl Into<String>) -> &mut Self {
        self.notes.push(Note { place: place.clone(), what: what.into(), why: why.into() });
        self
    }
    /// Adds a fault.
    pub fn fault(&mut self, diagnostic: Diagnostic) -> &mut Self {
        self.report.push(diagnostic);
        self
    }
}

/// An engine whose files can be imported.
#[derive(Clone, Copy, Debug)]
pub struct Engine {
    /// Its name, as in `artifact::File::engine` and in `import NAME`.
    pub name: &'static str,
    /// Where its files lie on a host: whole paths, or folders that end with `/`.
    pub lies: &'static [&'static str],
    /// Whether its reader reads a file of this path. Of the others in its folders (keys, environment files) it is told
    /// that they are not read.
    pub reads: fn(&str) -> bool,
    /// Its files to the model. Never panics, whatever the bytes; all faults are in the report.
    pub read: fn(&Input<'_>) -> Imported,
    /// What a set of its files means; order, spaces, comments and defaults play no part. Values of secrets are
    /// hashed or left out.
    pub normal: fn(&[ImportFile]) -> Normal,
    /// Whether a rendered file (its engine, its path) takes part in the comparison: WireGuard's addresses are in
    /// networkd's files here, for example.
    pub compared: fn(&str, &str) -> bool,
}
