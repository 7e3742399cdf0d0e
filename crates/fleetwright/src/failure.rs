//! Why a command ended early: diagnostics and an exit code.

use crate::Cx;
use crate::exit::Exit;
use crate::ui;
use diag::{Diagnostic, Report};
use serde_json::{Map, Value, json};
use source::Sources;
use std::sync::Arc;

/// What stops a command.
#[derive(Debug)]
pub struct Failure {
    /// The process ends with this.
    pub exit: Exit,
    /// What to say. May be empty when all was said already.
    pub report: Report,
    /// The texts its places are in, by path.
    pub texts: Arc<Sources>,
}

impl Failure {
    /// One thing to say.
    pub fn new(exit: Exit, diagnostic: Diagnostic) -> Self {
        Failure { exit, report: Report { items: vec![diagnostic] }, texts: Arc::default() }
    }

    /// A code and a message, without a place in the sources.
    pub fn bare(exit: Exit, code: &'static str, message: impl Into<String>) -> Self {
        Failure::new(exit, Diagnostic::bare(code, message))
    }

    /// With the way out.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        if let Some(first) = self.report.items.first_mut() {
            first.help = Some(help.into());
        }
        self
    }

    /// Says it, as text on standard error or as JSON on standard output, and gives the exit code.
    pub fn report(self, cx: &Cx) -> Exit {
        if cx.global.json {
            // The failure being reported matters more than one in reporting it.
            let _ = cx.console.json(&envelope(cx, self.exit, &self.report, Map::new()));
        } else {
            let source = |file: &str| text_of(&self.texts, file);
            cx.console.note(ui::diagnostics(&self.report, &source, cx.console.paint_err));
        }
        self.exit
    }
}

/// The text of a source file, where it is one.
pub fn text_of(sources: &Sources, file: &str) -> Option<String> {
    sources.files.get(file).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

/// The outer shape of every JSON answer: `command`, `exit`, `diagnostics`, then the command's own fields.
pub fn envelope(cx: &Cx, exit: Exit, report: &Report, fields: Map<String, Value>) -> Value {
    let mut all = Map::new();
    all.insert("command".into(), json!(cx.command));
    all.insert("exit".into(), json!(exit.code()));
    all.insert("diagnostics".into(), json!(report.items));
    all.extend(fields);
    Value::Object(all)
}
