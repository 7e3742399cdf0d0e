//! Keeps secrets out of what programs say: a checker that dislikes a line likes to print it.

use artifact::FlatFile;
use std::collections::BTreeSet;

/// Shorter pieces are not hidden: they would hide ordinary words.
const SHORT: usize = 4;

/// The secret pieces of some files.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    pieces: BTreeSet<String>,
}

impl Redactor {
    /// Learns the secrets of a file: each whole, each of their lines, and every piece of a line that is in the file's
    /// bytes and not in its shown text.
    pub fn learn(&mut self, file: &FlatFile, bytes: &[u8]) {
        let Some(shown) = file.shown.as_deref().filter(|_| file.secret) else { return };
        let text = String::from_utf8_lossy(bytes);
        let public: BTreeSet<&str> = shown.lines().flat_map(pieces).collect();
        for piece in text.lines().flat_map(pieces) {
            if piece.len() >= SHORT && !public.contains(piece) {
                self.pieces.insert(piece.to_owned());
            }
        }
        for value in values(shown, &text) {
            let whole = [value].into_iter().filter(|v| v.contains('\n'));
            for line in value.lines().chain(whole).filter(|l| l.trim().len() >= SHORT) {
                self.pieces.insert(line.to_owned());
            }
        }
    }

    /// The text with every secret piece hidden, the longest first.
    pub fn clean(&self, text: &str) -> String {
        let mut sorted: Vec<&String> = self.pieces.iter().collect();
        sorted.sort_by_key(|p| std::cmp::Reverse(p.len()));
        sorted.iter().fold(text.to_owned(), |text, piece| text.replace(piece.as_str(), "‹secret›"))
    }
}

/// What stands in the text where the shown one hides it. Nothing from where the two no longer fit.
fn values<'t>(shown: &str, text: &'t str) -> Vec<&'t str> {
    let mut found = Vec::new();
    let mut parts = shown.split("‹secret ");
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return found };
    for part in parts {
        let Some((_, after)) = part.split_once('›') else { return found };
        let at = if after.is_empty() { Some(rest.len()) } else { rest.find(after) };
        let Some(at) = at else { return found };
        found.push(&rest[..at]);
        rest = &rest[at + after.len()..];
    }
    found
}

fn pieces(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| c.is_whitespace() || "\"'`,;:=<>(){}[]".contains(c))
        // Base64 ends in `=`, which is also what stands before many values.
        .filter(|p| !p.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(shown: &str) -> FlatFile {
        FlatFile {
            engine: "x".into(),
            mode: 0o600,
            owner: "root".into(),
            group: "root".into(),
            sha256: String::new(),
            secret: true,
            shown: Some(shown.into()),
        }
    }

    #[test]
    fn secrets_are_hidden_and_words_are_not() {
        let file = file("PrivateKey = ‹secret wg›\nListenPort = 51820\n");
        let mut redactor = Redactor::default();
        redactor.learn(&file, b"PrivateKey = aGVsbG8gd29ybGQ=\nListenPort = 51820\n");
        let said = redactor.clean("line 1: bad key aGVsbG8gd29ybGQ= near ListenPort = 51820");
        assert_eq!(said, "line 1: bad key ‹secret› near ListenPort = 51820");
    }

    #[test]
    fn a_value_is_hidden_whole_whatever_it_holds() {
        let file = file("A='‹secret a›'\nB='‹secret b›'\nuser ops\n");
        let mut redactor = Redactor::default();
        redactor.learn(&file, "A='x=1 'y\"z'\nB='first=l1ne\nsecond: l1ne'\nuser ops\n".as_bytes());
        let said = redactor.clean("bad `A='x=1 'y\"z'` near `second: l1ne`, user ops");
        assert_eq!(said, "bad `A='‹secret›'` near `‹secret›`, user ops");
        assert_eq!(redactor.clean("B='first=l1ne\nsecond: l1ne'"), "B='‹secret›'");
        // What does not fit is no reason to stop.
        redactor.learn(&file, b"something else");
    }
}
