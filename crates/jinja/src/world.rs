//! What a template may ask for from outside.

use crate::engine::Variables;
use crate::error::{Fault, Res};
use std::rc::Rc;

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A link, whatever it leads to.
    Link,
    /// Anything else.
    Other,
}

/// The outside of a render. Each answer is the caller's; the default of each is a refusal that names what was
/// asked for.
pub trait World {
    /// The value of an environment variable, for `lookup('env', …)`.
    fn env(&self, name: &str) -> Res<Option<String>> {
        Err(refused("lookup('env')", name))
    }
    /// The text of a file, for `lookup('file', …)`: the path as the template says it.
    fn file(&self, path: &str) -> Res<Option<String>> {
        Err(refused("lookup('file')", path))
    }
    /// The text of a template, for `lookup('template', …)`. Nothing when it is not there.
    fn template(&self, path: &str) -> Res<Option<Rc<str>>> {
        Err(refused("lookup('template')", path))
    }
    /// A password that is made once and kept, for `lookup('password', …)`: the whole term, `PATH length=20 …`.
    fn password(&self, term: &str) -> Res<String> {
        Err(refused("lookup('password')", term))
    }
    /// The variables of another host, for values of `hostvars` that are templates.
    fn scope(&self, host: &str) -> Res<Variables> {
        Err(Fault::unsupported(format!("the variables of `{host}` are not given here")))
    }
    /// What stands at a path, for tests such as `is file`.
    fn kind(&self, path: &str) -> Res<Option<FileKind>> {
        Err(refused("a test of files", path))
    }
    /// Seconds since 1970 in UTC, for `now()` and `strftime` without seconds.
    fn now(&self) -> Res<f64> {
        Err(Fault::unsupported("the time of day is not given to templates: a render would differ each time")
            .with_help("put the time into a variable"))
    }
    /// Random bytes, for `password_hash` without a salt and `random`.
    fn random(&self, what: &str, _bytes: &mut [u8]) -> Res<()> {
        Err(Fault::unsupported(format!("`{what}` needs randomness: a render would differ each time")))
    }
    /// Any other lookup: its answers, or nothing when it is not known here.
    fn lookup(&self, _name: &str, _terms: &[py::Value]) -> Res<Option<Vec<py::Value>>> {
        Ok(None)
    }
}

fn refused(what: &str, name: &str) -> Box<Fault> {
    Fault::unsupported(format!("{what} of `{name}` is not available here"))
}

/// No outside at all.
pub struct NoWorld;

impl World for NoWorld {}
