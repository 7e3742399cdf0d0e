//! `nft` files as tables and chains of rules: the form with blocks and the one of commands (`add rule …`).

use super::token::{END, Token, priority, tokens};
use crate::codes;
use crate::ledger::{Id, Ledger};
use diag::{Diagnostic, Place, Report};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A rule: its words, as `nft` parts them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub words: Vec<String>,
    pub id: Id,
}

/// A chain; one with a hook is where packets come in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chain {
    pub family: String,
    pub table: String,
    pub name: String,
    /// `filter`, `nat`, `route`, where it has a hook.
    pub kind: String,
    pub hook: String,
    pub priority: i32,
    pub policy: String,
    /// The statement that says hook and policy.
    pub head: Vec<Id>,
    pub rules: Vec<Rule>,
}

/// All there is in the files of a host.
#[derive(Clone, Debug, Default)]
pub(super) struct Ruleset {
    pub chains: Vec<Chain>,
    /// Sets and maps: table, name, words.
    pub sets: Vec<(String, Vec<String>, Id)>,
    /// Everything else: a word for what it is.
    pub other: Vec<(&'static str, Id)>,
}

impl Ruleset {
    pub(super) fn chain(&mut self, family: &str, table: &str, name: &str) -> Option<&mut Chain> {
        let at = self.chains.iter().position(|c| c.family == family && c.table == table && c.name == name);
        let at = at.unwrap_or_else(|| {
            let (family, table, name) = (family.to_owned(), table.to_owned(), name.to_owned());
            self.chains.push(Chain { family, table, name, policy: "accept".to_owned(), ..Chain::default() });
            self.chains.len() - 1
        });
        self.chains.get_mut(at)
    }
}

/// Reads a file into `out`; every fault is reported and what can be read is.
pub(super) fn parse(path: &str, text: &str, ledger: &mut Ledger, out: &mut Ruleset, report: &mut Report) {
    let file: Arc<str> = Arc::from(path);
    let tokens = tokens(&file, text, report);
    let mut parser = Parser { file, tokens, at: 0, defines: BTreeMap::new(), ledger, out, report };
    parser.top();
}

struct Parser<'r> {
    file: Arc<str>,
    tokens: Vec<Token>,
    at: usize,
    defines: BTreeMap<String, Vec<String>>,
    ledger: &'r mut Ledger,
    out: &'r mut Ruleset,
    report: &'r mut Report,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.at).map(|t| t.text.as_str())
    }
    fn place(&self) -> Place {
        self.tokens.get(self.at).or(self.tokens.last()).map_or_else(
            || Place::file(Arc::clone(&self.file)),
            |t| Place::new(Arc::clone(&self.file), t.line, t.column),
        )
    }
    fn line(&self) -> u32 {
        self.tokens.get(self.at.saturating_sub(1)).map_or(1, |t| t.line)
    }
    fn fault(&mut self, place: &Place, what: &str) {
        self.report.push(
            Diagnostic::error(codes::NFT_SYNTAX, place, what)
                .help("`nft -c -f FILE` says what nftables makes of it"),
        );
    }
    fn skip_ends(&mut self) {
        while self.peek().is_some_and(|t| t == END || t == ";") {
            self.at += 1;
        }
    }

    /// Words up to the end of a statement. Braces that belong to it are in it.
    fn statement(&mut self) -> Vec<String> {
        let (mut words, mut open) = (Vec::new(), 0_usize);
        while let Some(text) = self.peek() {
            match text {
                END if open == 0 => break,
                ";" if open == 0 => break,
                "}" if open == 0 => break,
                END => {
                    self.at += 1;
                    continue;
                }
                "{" => open += 1,
                "}" => open -= 1,
                _ => {}
            }
            words.push(text.to_owned());
            self.at += 1;
        }
        self.resolved(words)
    }

    /// `$NAME` as it is defined.
    fn resolved(&self, words: Vec<String>) -> Vec<String> {
        let mut out = Vec::new();
        for word in words {
            match word.strip_prefix('$').and_then(|name| self.defines.get(name)) {
                Some(value) => out.extend(value.iter().cloned()),
                None => out.push(word),
            }
        }
        out
    }

    fn top(&mut self) {
        loop {
            self.skip_ends();
            let Some(first) = self.peek().map(str::to_owned) else { return };
            let place = self.place();
            match first.as_str() {
                "table" => self.table(&place),
                "define" | "redefine" => {
                    let words = self.statement();
                    if let (Some(name), Some("="), Some(value)) =
                        (words.get(1), words.get(2).map(String::as_str), words.get(3..))
                    {
                        self.defines.insert(name.clone(), value.to_vec());
                    } else {
                        self.fault(&place, "a definition is `define NAME = VALUE`");
                    }
                    self.told("define", &place, &words);
                }
                "add" | "create" | "insert" => self.command(&place),
                "flush" | "delete" | "destroy" | "reset" | "undefine" => {
                    let words = self.statement();
                    self.told("flush", &place, &words);
                }
                "include" => {
                    let words = self.statement();
                    self.told("include", &place, &words);
                }
                "}" => {
                    self.fault(&place, "a `}` that closes nothing");
                    self.at += 1;
                }
                other => {
                    let what = format!("`{other}` begins no command of nft");
                    self.fault(&place, &what);
                    let before = self.at;
                    self.statement();
                    self.at = self.at.max(before + 1);
                }
            }
        }
    }

    fn told(&mut self, what: &'static str, place: &Place, words: &[String]) {
        let id = self.ledger.read(place, self.line(), words.join(" ").replace('"', ""));
        self.out.other.push((what, id));
    }

    /// Family (`ip` when it is left out) and the word behind it.
    fn family(&mut self) -> (String, String) {
        const FAMILIES: [&str; 6] = ["ip", "ip6", "inet", "arp", "bridge", "netdev"];
        let next = |p: &mut Self| {
            let text = p.peek().filter(|t| !matches!(*t, END | "{" | "}" | ";")).map(str::to_owned);
            p.at += usize::from(text.is_some());
            text.unwrap_or_default()
        };
        let first = next(self);
        if FAMILIES.contains(&first.as_str()) { (first, next(self)) } else { ("ip".to_owned(), first) }
    }

    /// `{`, also on the next line.
    fn opens(&mut self) -> bool {
        let before = self.at;
        while self.peek() == Some(END) {
            self.at += 1;
        }
        if self.peek() == Some("{") {
            self.at += 1;
            return true;
        }
        self.at = before;
        false
    }

    fn closes(&mut self, open: &Place) {
        if self.peek() == Some("}") {
            self.at += 1;
        } else {
            self.fault(open, "a `{` that nothing closes");
        }
    }

    fn table(&mut self, place: &Place) {
        self.at += 1;
        let (family, name) = self.family();
        let id = self.ledger.read(place, place.line, format!("table {family} {name}"));
        self.out.other.push(("table", id));
        if !self.opens() {
            return;
        }
        loop {
            self.skip_ends();
            let at = self.place();
            match self.peek().map(str::to_owned).as_deref() {
                None | Some("}") => break,
                Some("chain") => {
                    self.at += 1;
                    let chain = self.peek().unwrap_or_default().to_owned();
                    self.at += 1;
                    let id = self.ledger.read(&at, at.line, format!("chain {chain}"));
                    self.out.other.push(("chain", id));
                    if self.opens() {
                        self.body(&family, &name, &chain);
                        self.closes(&at);
                    } else {
                        self.fault(&at, "a chain has a block");
                        self.statement();
                    }
                }
                Some(kind @ ("set" | "map")) => {
                    let kind = kind.to_owned();
                    let mut words = self.statement();
                    if self.opens() {
                        words.extend(self.block());
                        self.closes(&at);
                    }
                    self.set(&kind, words, &at);
                }
                Some(_) => {
                    let mut words = self.statement();
                    if self.peek() == Some(END) && self.opens() {
                        words.extend(self.block());
                        self.closes(&at);
                    }
                    self.told("object", &at, &words);
                }
            }
        }
        self.closes(place);
    }

    fn set(&mut self, kind: &str, words: Vec<String>, place: &Place) {
        let name = words.get(1).cloned().unwrap_or_default();
        let id = self.ledger.read(place, self.line(), words.join(" "));
        self.out.sets.push((format!("{kind} {name}"), words.into_iter().skip(2).collect(), id));
    }

    fn block(&mut self) -> Vec<String> {
        let mut words = Vec::new();
        loop {
            self.skip_ends();
            match self.peek() {
                None | Some("}") => return words,
                Some(_) => words.extend(self.statement()),
            }
        }
    }

    /// Hook, policy and rules of a chain.
    fn body(&mut self, family: &str, table: &str, name: &str) {
        loop {
            self.skip_ends();
            let place = self.place();
            match self.peek() {
                None | Some("}") => return,
                Some(_) => {
                    let words = self.statement();
                    self.line_of_chain(family, table, name, words, &place);
                }
            }
        }
    }

    fn line_of_chain(&mut self, family: &str, table: &str, name: &str, words: Vec<String>, place: &Place) {
        if words.is_empty() {
            return;
        }
        let id = self.ledger.read(place, self.line(), words.join(" ").replace('"', ""));
        let Some(chain) = self.out.chain(family, table, name) else { return };
        match words.first().map(String::as_str) {
            Some("type") => {
                let behind = |word: &str| words.iter().position(|w| w == word).and_then(|n| words.get(n + 1));
                chain.kind = words.get(1).cloned().unwrap_or_default();
                chain.hook = behind("hook").cloned().unwrap_or_default();
                let at = words.iter().position(|w| w == "priority").map_or(words.len(), |n| n + 1);
                chain.priority = priority(words.get(at..).unwrap_or_default());
                chain.head.push(id);
            }
            Some("policy") => {
                chain.policy = words.get(1).cloned().unwrap_or_default();
                chain.head.push(id);
            }
            Some("comment" | "flags" | "devices") => chain.head.push(id),
            _ => chain.rules.push(Rule { words, id }),
        }
    }

    /// `add rule inet filter input tcp dport 22 accept` and its kin.
    fn command(&mut self, place: &Place) {
        self.at += 1;
        let what = self.peek().unwrap_or_default().to_owned();
        self.at += 1;
        match what.as_str() {
            "table" => self.table_command(place),
            "chain" => {
                let (family, table) = self.family();
                let chain = self.peek().unwrap_or_default().to_owned();
                self.at += 1;
                let id = self.ledger.read(place, place.line, format!("add chain {family} {table} {chain}"));
                self.out.other.push(("chain", id));
                if self.opens() {
                    self.body(&family, &table, &chain);
                    self.closes(place);
                }
            }
            "rule" => {
                let (family, table) = self.family();
                let mut words = self.statement();
                let chain = if words.is_empty() { String::new() } else { words.remove(0) };
                self.line_of_chain(&family, &table, &chain, words, place);
            }
            "set" | "map" => {
                self.family();
                let mut words = vec![what.clone()];
                words.extend(self.statement());
                self.set(&what, words, place);
            }
            _ => {
                let words = self.statement();
                self.told("object", place, &words);
            }
        }
    }

    fn table_command(&mut self, place: &Place) {
        // The same as without `add`.
        self.at = self.at.saturating_sub(1);
        self.table(place);
    }
}
