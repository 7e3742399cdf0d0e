//! What becomes of each statement of a file: every one is carried, told of, or both; none is lost.

use crate::{ImportFile, Imported, Input};
use diag::Place;

/// A statement of an imported file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Where it begins.
    pub place: Place,
    /// Its last line.
    pub last: u32,
    /// Its text, without secret values.
    pub what: String,
    /// What became of it.
    pub fates: Vec<Fate>,
}

/// What becomes of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The model says it, in these words.
    Carried(String),
    /// It is not in the model; why, and what to do.
    Noted(String),
}

/// A statement's number in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id(usize);

/// All statements of the files, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    told: Vec<Told>,
}

/// Why nothing was done with a statement that no rule knows.
const NO_WORD: &str = "the model has no word for it";

impl Ledger {
    /// A statement was read.
    pub(crate) fn read(&mut self, place: &Place, last: u32, what: impl Into<String>) -> Id {
        let what = shown(&what.into());
        self.told.push(Told { place: place.clone(), last: last.max(place.line), what, fates: Vec::new() });
        Id(self.told.len() - 1)
    }
    /// The model says it, in these words.
    pub(crate) fn carried(&mut self, id: Id, words: impl Into<String>) {
        self.fate(id, Fate::Carried(words.into()));
    }
    /// It is not in the model.
    pub(crate) fn note(&mut self, id: Id, why: impl Into<String>) {
        let why: String = why.into().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.fate(id, Fate::Noted(why));
    }
    fn fate(&mut self, id: Id, fate: Fate) {
        if let Some(told) = self.told.get_mut(id.0)
            && !told.fates.contains(&fate)
        {
            told.fates.push(fate);
        }
    }
    /// Says of all that no rule knew that it is not in the model.
    pub(crate) fn settle(&mut self) {
        for told in self.told.iter_mut().filter(|t| t.fates.is_empty()) {
            told.fates.push(Fate::Noted(NO_WORD.to_owned()));
        }
        // In the order of the files, whoever told first. Ids mean nothing from here on.
        self.told.sort_by(|a, b| a.place.cmp(&b.place));
    }
    /// The notes on some files as lines of comment.
    pub(crate) fn comments(&self, files: &[String]) -> Vec<String> {
        let own = self.told.iter().filter(|t| files.iter().any(|f| **f == *t.place.file));
        let all = own.flat_map(|t| t.fates.iter().map(move |f| (t, f)));
        all.filter_map(|(t, fate)| match fate {
            Fate::Noted(why) => Some(format!("{}:{}: {}: {why}", t.place.file, t.place.line, t.what)),
            Fate::Carried(_) => None,
        })
        .collect()
    }
    /// Notes of all that is not in the model; what no rule knew is among them.
    pub(crate) fn close(mut self, out: &mut Imported) -> Vec<Told> {
        self.settle();
        for told in &self.told {
            for fate in &told.fates {
                if let Fate::Noted(why) = fate {
                    out.note(&told.place, &told.what, why);
                }
            }
        }
        self.told
    }
}

/// The files of an engine's folder that its reader reads; of the others (keys, environment files) it is said that
/// they are not.
pub(crate) fn readable<'a>(
    input: &Input<'a>,
    is: fn(&str) -> bool,
    out: &mut Imported,
) -> Vec<&'a ImportFile> {
    let (read, left): (Vec<_>, Vec<_>) = input.files.iter().partition(|f| is(&f.path));
    for file in left {
        out.note(
            &Place::file(file.path.as_str()),
            &file.path,
            "it is no configuration by its name, and was not read",
        );
    }
    read
}

/// On one line and not too long to be read.
fn shown(text: &str) -> String {
    const LONGEST: usize = 100;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST {
        return line;
    }
    line.chars().take(LONGEST).chain(['…']).collect()
}
