//! HCL's tokens, as far as setting spaces needs them. Never fails: what HCL does not know is [`Kind::Other`].

/// What a token is; tokens that are spaced alike are one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Ident,
    Number,
    OpenQuote,
    CloseQuote,
    /// Text inside a template: never touched.
    Text,
    /// `<<EOT` with its newline.
    OpenHeredoc,
    /// The closing marker with the blanks before it.
    CloseHeredoc,
    /// `${` or `%{`, with a `~` if it has one.
    OpenSequence,
    /// `}` or `~}` that closes a sequence.
    CloseSequence,
    OpenBrace,
    CloseBrace,
    OpenBracket,
    CloseBracket,
    OpenParen,
    CloseParen,
    Comma,
    Ellipsis,
    Dot,
    DoubleColon,
    Equal,
    Minus,
    /// Arithmetic, comparison, logic, `:`, `?`: before a minus they make it a sign.
    Operator,
    /// `!`
    Not,
    /// `=>` and whatever else.
    Other,
    Comment,
    Newline,
}

/// A token and the text it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'t> {
    pub kind: Kind,
    pub text: &'t str,
}

impl Token<'_> {
    /// Comments that begin with `#` or `//` hold their newline.
    pub fn ends_line(&self) -> bool {
        self.kind == Kind::Newline || (self.kind == Kind::Comment && self.text.ends_with('\n'))
    }

    /// What it opens less what it closes.
    pub fn brackets(&self) -> i64 {
        match self.kind {
            Kind::OpenBrace | Kind::OpenBracket | Kind::OpenParen | Kind::OpenSequence => 1,
            Kind::CloseBrace | Kind::CloseBracket | Kind::CloseParen | Kind::CloseSequence => -1,
            _ => 0,
        }
    }
}

/// What encloses the place that is read.
#[derive(Clone, Copy)]
enum Within<'t> {
    Brace,
    Sequence,
    Quotes,
    Heredoc(&'t str),
}

pub(super) fn lex(text: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer { rest: text, within: Vec::new(), tokens: Vec::new() };
    while !lexer.rest.is_empty() {
        match lexer.within.last() {
            Some(Within::Quotes) => lexer.in_quotes(),
            Some(Within::Heredoc(marker)) => lexer.in_heredoc(marker),
            _ => lexer.in_code(),
        }
    }
    lexer.tokens
}

struct Lexer<'t> {
    rest: &'t str,
    within: Vec<Within<'t>>,
    tokens: Vec<Token<'t>>,
}

impl<'t> Lexer<'t> {
    fn take(&mut self, length: usize, kind: Kind) {
        // A length that is no boundary would stop the reading for ever; there the whole rest is taken.
        let (text, rest) = self.rest.split_at_checked(length.max(1)).unwrap_or((self.rest, ""));
        self.tokens.push(Token { kind, text });
        self.rest = rest;
    }

    fn in_quotes(&mut self) {
        let mut chars = self.rest.char_indices().peekable();
        let mut end = self.rest.len();
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|(_, c)| *c);
            match c {
                '\\' => {
                    chars.next();
                }
                '"' | '\n' => {
                    end = at;
                    break;
                }
                '$' | '%'
                    if next == Some(c)
                        && self.rest.get(at + 2..).is_some_and(|rest| rest.starts_with('{')) =>
                {
                    chars.next();
                    chars.next();
                }
                '$' | '%' if next == Some('{') => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        if end > 0 {
            return self.take(end, Kind::Text);
        }
        match self.rest.as_bytes().first() {
            Some(b'$' | b'%') => self.open_sequence(),
            Some(b'"') => {
                self.within.pop();
                self.take(1, Kind::CloseQuote);
            }
            // A newline ends a text whose quote is missing.
            _ => {
                self.within.pop();
                self.take(1, Kind::Newline);
            }
        }
    }

    fn open_sequence(&mut self) {
        let length = if self.rest.get(2..).is_some_and(|rest| rest.starts_with('~')) { 3 } else { 2 };
        self.within.push(Within::Sequence);
        self.take(length, Kind::OpenSequence);
    }

    fn in_heredoc(&mut self, marker: &str) {
        let mut at = 0;
        // A line can be the closing one only from its beginning: not what follows a sequence.
        let mut fresh = self.tokens.last().is_some_and(|t| t.text.ends_with('\n'));
        while let Some(rest) = self.rest.get(at..).filter(|rest| !rest.is_empty()) {
            let line = rest.split_inclusive('\n').next().unwrap_or(rest);
            if fresh && line.trim() == marker {
                if at > 0 {
                    self.take(at, Kind::Text);
                }
                let closing = line.trim_end().len();
                self.within.pop();
                return self.take(closing, Kind::CloseHeredoc);
            }
            if let Some(sequence) = sequence_in(line) {
                if at + sequence > 0 {
                    self.take(at + sequence, Kind::Text);
                }
                return self.open_sequence();
            }
            at += line.len();
            fresh = true;
        }
        self.within.pop();
        self.take(self.rest.len(), Kind::Text);
    }

    fn in_code(&mut self) {
        let rest = self.rest;
        let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        if blank > 0 {
            self.rest = rest.get(blank..).unwrap_or_default();
            return;
        }
        let line_end = || rest.find('\n').map_or(rest.len(), |end| end + 1);
        let starts = |prefix: &str| rest.starts_with(prefix);
        if starts("\n") {
            return self.take(1, Kind::Newline);
        }
        if starts("\r\n") {
            return self.take(2, Kind::Newline);
        }
        if starts("#") || starts("//") {
            return self.take(line_end(), Kind::Comment);
        }
        if starts("/*") {
            return self.take(rest.find("*/").map_or(rest.len(), |end| end + 2), Kind::Comment);
        }
        if starts("<<")
            && let Some((length, marker)) = heredoc_opens(rest)
        {
            self.within.push(Within::Heredoc(marker));
            return self.take(length, Kind::OpenHeredoc);
        }
        if starts("...") {
            return self.take(3, Kind::Ellipsis);
        }
        if starts("::") {
            return self.take(2, Kind::DoubleColon);
        }
        if starts("=>") {
            return self.take(2, Kind::Other);
        }
        if ["==", "!=", ">=", "<=", "&&", "||"].iter().any(|two| starts(two)) {
            return self.take(2, Kind::Operator);
        }
        if starts("~}") && matches!(self.within.last(), Some(Within::Sequence)) {
            self.within.pop();
            return self.take(2, Kind::CloseSequence);
        }
        let Some(first) = rest.chars().next() else { return };
        match first {
            '"' => {
                self.within.push(Within::Quotes);
                self.take(1, Kind::OpenQuote);
            }
            '{' => {
                self.within.push(Within::Brace);
                self.take(1, Kind::OpenBrace);
            }
            '}' => match self.within.pop() {
                Some(Within::Sequence) => self.take(1, Kind::CloseSequence),
                _ => self.take(1, Kind::CloseBrace),
            },
            '[' => self.take(1, Kind::OpenBracket),
            ']' => self.take(1, Kind::CloseBracket),
            '(' => self.take(1, Kind::OpenParen),
            ')' => self.take(1, Kind::CloseParen),
            ',' => self.take(1, Kind::Comma),
            '.' => self.take(1, Kind::Dot),
            '=' => self.take(1, Kind::Equal),
            '-' => self.take(1, Kind::Minus),
            '!' => self.take(1, Kind::Not),
            '+' | '*' | '/' | '%' | '<' | '>' | '?' | ':' => self.take(1, Kind::Operator),
            c if c.is_ascii_digit() => self.take(number_length(rest), Kind::Number),
            c if c.is_alphabetic() || c == '_' => {
                let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'));
                self.take(end.unwrap_or(rest.len()), Kind::Ident);
            }
            c => self.take(c.len_utf8(), Kind::Other),
        }
    }
}

/// Where in a line of a heredoc a sequence begins.
fn sequence_in(line: &str) -> Option<usize> {
    let mut at = 0;
    while let Some(rest) = line.get(at..) {
        let found = at + rest.find(['$', '%'])?;
        let mut after = line.get(found..)?.chars();
        let marker = after.next()?;
        match (after.next(), after.next()) {
            (Some('{'), _) => return Some(found),
            (Some(next), Some('{')) if next == marker => at = found + 3,
            _ => at = found + 1,
        }
    }
    None
}

/// `<<EOT` or `<<-EOT` up to its newline, and the marker.
fn heredoc_opens(text: &str) -> Option<(usize, &str)> {
    let line = text.split_inclusive('\n').next().filter(|line| line.ends_with('\n'))?;
    let marker = line.strip_prefix("<<")?;
    let marker = marker.strip_prefix('-').unwrap_or(marker).trim_end_matches(['\r', '\n']);
    let named = !marker.is_empty() && marker.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    named.then_some((line.len(), marker))
}

fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if digits(end + 1 + sign) > 0 {
            end += 1 + sign + digits(end + 1 + sign);
        }
    }
    end
}
