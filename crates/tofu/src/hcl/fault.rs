//! Where a text stopped being HCL, as a person would say it. The parser names the place where it gave up, which for a
//! quote or bracket that is never closed is somewhere else.

use super::lex::{Kind, Token, lex};
use crate::json::number;
use diag::Place;

/// A quote or bracket that is not closed, of a text that is no HCL: its place, and what to say of it.
pub(super) fn unclosed(file: &str, text: &str) -> Option<(Place, String)> {
    let tokens = lex(text);
    let mut open: Vec<Token<'_>> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::OpenQuote => {
                open.push(*token);
            }
            Kind::CloseQuote => {
                open.pop();
            }
            // Only a missing quote lets a line end in a text.
            Kind::Newline if open.last().is_some_and(|t| t.kind == Kind::OpenQuote) => {
                let quote = open.pop()?;
                return Some((
                    place(file, text, quote),
                    "this text has no closing quote on its line".to_owned(),
                ));
            }
            Kind::OpenHeredoc => {
                let closed = tokens.iter().skip(at).any(|t| t.kind == Kind::CloseHeredoc);
                if !closed {
                    let marker = token.text.trim();
                    return Some((
                        place(file, text, *token),
                        format!("no line ends the text that `{marker}` begins"),
                    ));
                }
            }
            _ => match token.brackets() {
                1 => open.push(*token),
                -1 => {
                    let opening = open.pop();
                    if !opening.is_some_and(|t| fits(t.kind, token.kind)) {
                        let message = match opening {
                            Some(opening) => format!("`{}` does not close `{}`", token.text, opening.text),
                            None => format!("`{}` closes nothing", token.text),
                        };
                        return Some((place(file, text, *token), message));
                    }
                }
                _ => {}
            },
        }
    }
    let token = open.into_iter().next_back()?;
    Some((place(file, text, token), format!("`{}` is never closed", token.text)))
}

fn fits(open: Kind, close: Kind) -> bool {
    matches!(
        (open, close),
        (Kind::OpenBrace, Kind::CloseBrace)
            | (Kind::OpenBracket, Kind::CloseBracket)
            | (Kind::OpenParen, Kind::CloseParen)
            | (Kind::OpenSequence, Kind::CloseSequence)
    )
}

/// Where a token stands in the text it is a part of.
fn place(file: &str, text: &str, token: Token<'_>) -> Place {
    let at = token.text.as_ptr().addr().saturating_sub(text.as_ptr().addr());
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Place::new(file, number(line), number(column))
}
