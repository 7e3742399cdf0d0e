//! Tags beyond YAML's own.

use crate::{Marks, Value};
use diag::{Diagnostic, Place};

/// What stands under a tag that is not YAML's own, such as `!vault`.
pub enum Tagged {
    /// This value.
    Value(Value, Marks),
    /// What the text would be without quotes and tag.
    Plain(Marks),
}

/// Tags beyond YAML's own. `tag` is as written: `!vault`. Nothing is an unknown tag, which is reported; a
/// diagnostic is reported and reading goes on.
pub trait Tags {
    /// A scalar under a tag.
    fn scalar(&self, tag: &str, text: &str, place: &Place) -> Result<Option<Tagged>, Diagnostic>;
    /// A list or a dict under a tag.
    fn collection(&self, tag: &str, place: &Place) -> Result<Option<Marks>, Diagnostic>;
}

/// No tags beyond YAML's own.
pub struct NoTags;

impl Tags for NoTags {
    fn scalar(&self, _: &str, _: &str, _: &Place) -> Result<Option<Tagged>, Diagnostic> {
        Ok(None)
    }
    fn collection(&self, _: &str, _: &Place) -> Result<Option<Marks>, Diagnostic> {
        Ok(None)
    }
}
