//! Keys in brackets, for a parser that takes one for the arguments of a call: after `x = f(a) == b` at the end of a
//! line, hcl-edit 0.10 reads on to a `(key)` at the start of the next one.

use super::lex::{Kind, Token, lex};

/// The text with a comma where a line of an object begins with `(`; nothing where there is no such line. A comma there
/// says the same, and where no object is, what is no HCL stays none.
pub(super) fn apart(text: &str) -> Option<String> {
    let mut open: Vec<Kind> = Vec::new();
    let mut out = String::with_capacity(text.len() + 8);
    let mut copied = 0;
    // The end of the last thing said, what it is, and whether its line is over.
    let (mut end, mut before, mut fresh) = (0, Kind::OpenBrace, true);
    for token in lex(text) {
        let at = token.text.as_ptr().addr().saturating_sub(text.as_ptr().addr());
        if matches!(token.kind, Kind::Newline | Kind::Comment) {
            fresh |= Token::ends_line(&token);
            continue;
        }
        let begins = fresh && token.kind == Kind::OpenParen && open.last() == Some(&Kind::OpenBrace);
        if begins && !matches!(before, Kind::OpenBrace | Kind::Comma) {
            out.push_str(text.get(copied..end)?);
            out.push(',');
            copied = end;
        }
        match token.brackets() {
            1 => open.push(token.kind),
            -1 => drop(open.pop()),
            _ => {}
        }
        (end, before, fresh) = (at + token.text.len(), token.kind, false);
    }
    out.push_str(text.get(copied..)?);
    (copied > 0).then_some(out)
}
