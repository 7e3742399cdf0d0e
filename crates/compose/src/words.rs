//! A command written as one text, taken apart as a shell would (Compose Specification, "command").

/// A text that cannot be taken apart, with the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A quote or backslash without its end.
    Open,
    /// docker compose drops everything from this operator on.
    Operator(char),
}

/// The words of a command: quotes and backslashes as in a shell, nothing is expanded.
pub(crate) fn split(text: &str) -> Result<Vec<String>, Fault> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut begun = false;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None | Some('"'), '\\') => {
                word.push(chars.next().ok_or(Fault::Open)?);
                begun = true;
            }
            (Some(open), c) if open == c => quote = None,
            (Some(_), c) => word.push(c),
            (None, '"' | '\'') => {
                quote = Some(c);
                begun = true;
            }
            (None, ' ' | '\t' | '\r' | '\n') => {
                if begun {
                    words.push(std::mem::take(&mut word));
                    begun = false;
                }
            }
            (None, ';' | '&' | '|' | '<' | '>') => return Err(Fault::Operator(c)),
            (None, c) => {
                word.push(c);
                begun = true;
            }
        }
    }
    if quote.is_some() {
        return Err(Fault::Open);
    }
    if begun {
        words.push(word);
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_backslashes_as_in_a_shell() {
        assert_eq!(
            split("sh -c 'a  b' \"c \\\" d\" e\\ f '' $X").unwrap_or_default(),
            ["sh", "-c", "a  b", "c \" d", "e f", "", "$X"]
        );
        assert_eq!(split("  "), Ok(vec![]));
        assert_eq!(split("a 'b"), Err(Fault::Open));
        assert_eq!(split("a && b"), Err(Fault::Operator('&')));
        assert_eq!(split("sh -c 'a && b'").map(|w| w.len()), Ok(3));
    }
}
