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
    /// Learns the secrets of a file: every piece of a line that is in its bytes and not in its shown text.
    pub fn learn(&mut self, file: &FlatFile, bytes: &[u8]) {
        let Some(shown) = file.shown.as_deref().filter(|_| file.secret) else { return };
        let text = String::from_utf8_lossy(bytes);
        let public: BTreeSet<&str> = shown.lines().flat_map(pieces).collect();
        for piece in text.lines().flat_map(pieces) {
            if piece.len() >= SHORT && !public.contains(piece) {
                self.pieces.insert(piece.to_owned());
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

fn pieces(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| c.is_whitespace() || "\"'`,;:=<>(){}[]".contains(c))
        // Base64 ends in `=`, which is also what stands before many values.
        .filter(|p| !p.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_and_words_are_not() {
        let file = FlatFile {
            engine: "x".into(),
            mode: 0o600,
            owner: "root".into(),
            group: "root".into(),
            sha256: String::new(),
            secret: true,
            shown: Some("PrivateKey = ‹secret wg›\nListenPort = 51820\n".into()),
        };
        let mut redactor = Redactor::default();
        redactor.learn(&file, b"PrivateKey = aGVsbG8gd29ybGQ=\nListenPort = 51820\n");
        let said = redactor.clean("line 1: bad key aGVsbG8gd29ybGQ= near ListenPort = 51820");
        assert_eq!(said, "line 1: bad key ‹secret›= near ListenPort = 51820");
    }
}
