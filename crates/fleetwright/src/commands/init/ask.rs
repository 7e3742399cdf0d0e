//! Options, then questions on a terminal, then defaults.

use super::{Answers, Init, Way};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ui::Style;
use crate::{Cx, codes, folder, secret_store};
use ipnet::Ipv4Net;
use model::UplinkKind;
use std::io::{BufRead, IsTerminal};
use std::net::Ipv6Addr;

/// All answers.
///
/// # Errors
/// When an option makes no sense, or standard input ends in the middle of the questions.
pub fn answers(command: &Init, cx: &Cx) -> Result<Answers, Failure> {
    let asking =
        !command.yes && !cx.global.json && std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    let asker = Asker { cx, asking };
    let name = folder::name(&command.dir).to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let name = name.trim_matches('-');
    let domain = format!("{}.internal", if name.is_empty() { "fleet" } else { name });
    Ok(Answers {
        domain: asker.get(
            "domain",
            &command.domain,
            "Domain of the fleet's names",
            &domain,
            |t| match t {
                t if t.contains(|c: char| !c.is_ascii_alphanumeric() && !"-.".contains(c))
                    || t.starts_with('.') =>
                {
                    Err("a domain has letters, digits, `-` and `.`".to_owned())
                }
                t => Ok(t.to_owned()),
            },
        )?,
        site: asker.get("site", &command.site, "Name of the site", "home", name_of)?,
        uplink: asker.get(
            "uplink",
            &command.uplink,
            "How it reaches the internet: cgnat, none, or its public IPv4 address",
            "cgnat",
            way,
        )?,
        lan: asker.get("lan", &command.lan, "Its LAN", "192.168.1.0/24", lan)?,
        lan6: unique_local()?,
        host: asker.get("host", &command.host, "Name of its router, the first host", "gateway", name_of)?,
    })
}

struct Asker<'a> {
    cx: &'a Cx,
    asking: bool,
}

impl Asker<'_> {
    fn get<T>(
        &self,
        option: &str,
        given: &Option<String>,
        question: &str,
        default: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Failure> {
        let wrong = |text: &str, why: String| {
            Failure::bare(Exit::Usage, codes::NO_ANSWER, format!("--{option} {text}: {why}"))
        };
        if let Some(text) = given {
            return read(text).map_err(|why| wrong(text, why));
        }
        if !self.asking {
            return read(default).map_err(|why| wrong(default, why));
        }
        let console = &self.cx.console;
        loop {
            let shown = console.paint_err.with(Style::Dim, format!("[{default}]"));
            console.note(format!("{question} {shown}: "));
            let mut line = String::new();
            let read_line = std::io::stdin().lock().read_line(&mut line);
            if !matches!(read_line, Ok(n) if n > 0) {
                console.note("\n");
                return Err(Failure::bare(Exit::Errors, codes::NO_ANSWER, "no answer: nothing was written")
                    .help(format!("--{option} says it without a question, --yes takes the defaults")));
            }
            let text = if line.trim().is_empty() { default } else { line.trim() };
            match read(text) {
                Ok(value) => return Ok(value),
                Err(why) => console.note(format!("  {why}\n")),
            }
        }
    }
}

fn name_of(text: &str) -> Result<String, String> {
    model::ids::name_fault(text).map_or_else(|| Ok(text.to_owned()), |fault| Err(fault.to_owned()))
}

fn way(text: &str) -> Result<Way, String> {
    match (UplinkKind::of(text), text.parse()) {
        (Some(UplinkKind::Public), _) => Err("write its address in place of the word `public`".to_owned()),
        (Some(kind), _) => Ok(Way::Kind(kind)),
        (None, Ok(address)) => Ok(Way::Public(address)),
        (None, Err(_)) => Err("`cgnat`, `none`, or an IPv4 address such as 203.0.113.7".to_owned()),
    }
}

fn lan(text: &str) -> Result<Ipv4Net, String> {
    match text.parse::<Ipv4Net>() {
        Ok(net) if net.trunc() != net => Err(format!("host bits are set; the network is {}", net.trunc())),
        Ok(net) if net.prefix_len() > 29 => Err("too small for a LAN".to_owned()),
        Ok(net) => Ok(net),
        Err(_) => Err("an IPv4 prefix such as 192.168.1.0/24".to_owned()),
    }
}

/// A unique local /64 (RFC 4193: fd00::/8, 40 random bits, subnet 0): its network and first address.
fn unique_local() -> Result<(Ipv6Addr, Ipv6Addr), Failure> {
    let [a, b, c, d, e] = secret_store::random::<5>()?;
    let word = |high: u8, low: u8| u16::from(high) << 8 | u16::from(low);
    let net = |last| Ipv6Addr::new(word(0xfd, a), word(b, c), word(d, e), 0, 0, 0, 0, last);
    Ok((net(0), net(1)))
}
