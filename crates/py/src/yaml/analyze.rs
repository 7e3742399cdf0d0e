//! Which scalar styles a text allows, as libyaml's emitter judges it.

/// What an emitter needs to know of a text before it chooses a style.
pub(super) struct Analysis {
    /// It has line breaks.
    pub multiline: bool,
    /// Plain inside `[]` and `{}`.
    pub flow_plain: bool,
    /// Plain elsewhere.
    pub block_plain: bool,
    /// In single quotes.
    pub single_quoted: bool,
    /// As `|` or `>`.
    pub block: bool,
}

/// YAML 1.1's line breaks.
pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Blank, break or end; libyaml ends its texts with a NUL and takes any NUL for the end here.
fn is_blank_or_end(c: Option<char>) -> bool {
    c.is_none_or(|c| matches!(c, ' ' | '\t' | '\0') || is_break(c))
}

/// libyaml's: nothing beyond the basic plane, and no tab.
pub(super) fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{fffd}') && c != '\u{feff}'
}

/// Judges a text; `unicode` is whether letters beyond ASCII may be written as they are.
pub(super) fn analyze(text: &str, unicode: bool) -> Analysis {
    if text.is_empty() {
        return Analysis {
            multiline: false,
            flow_plain: false,
            block_plain: true,
            single_quoted: true,
            block: false,
        };
    }
    let (flow_indicators, block_indicators) = indicators(text);
    let mut special = false;
    let mut breaks = false;
    let mut break_space = false;
    let mut space_break = false;
    let mut previous = None;
    for c in text.chars() {
        special |= !is_printable(c) || (!c.is_ascii() && !unicode);
        breaks |= is_break(c);
        break_space |= c == ' ' && previous.is_some_and(is_break);
        space_break |= is_break(c) && previous == Some(' ');
        previous = Some(c);
    }
    let edge = |c: char| c == ' ' || is_break(c);
    let edges = text.starts_with(edge) || text.ends_with(edge);
    let plain = !edges && !break_space && !space_break && !special && !breaks;
    Analysis {
        multiline: breaks,
        flow_plain: plain && !flow_indicators,
        block_plain: plain && !block_indicators,
        single_quoted: !break_space && !space_break && !special,
        block: !text.ends_with(' ') && !space_break && !special,
    }
}

/// Whether characters that mean something stand where they would: in a flow, and in a block.
fn indicators(text: &str) -> (bool, bool) {
    let mut flow = text.starts_with("---") || text.starts_with("...");
    let mut block = flow;
    let mut chars = text.chars().peekable();
    let mut previous = None;
    while let Some(c) = chars.next() {
        let before_blank = is_blank_or_end(chars.peek().copied());
        if previous.is_none() {
            match c {
                '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@'
                | '`' => {
                    flow = true;
                    block = true;
                }
                '?' | ':' => {
                    flow = true;
                    block |= before_blank;
                }
                '-' if before_blank => {
                    flow = true;
                    block = true;
                }
                _ => {}
            }
        } else {
            match c {
                ',' | '?' | '[' | ']' | '{' | '}' => flow = true,
                ':' => {
                    flow = true;
                    block |= before_blank;
                }
                '#' if is_blank_or_end(previous) => {
                    flow = true;
                    block = true;
                }
                _ => {}
            }
        }
        previous = Some(c);
    }
    (flow, block)
}
