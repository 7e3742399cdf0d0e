//! HTTP: what is asked, what is answered, and the gate's judgement.

use super::{Identity, PATIENCE, ip};
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::Ordering;

/// The longest request head and body.
const LONGEST: usize = 64 * 1024;
/// The cookie of who signed in.
const SIGNED_IN: (&str, &str) = ("fleetwright-standin", "ok");

struct Request {
    method: String,
    path: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    close: bool,
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
    fn cookie(&self, name: &str) -> Option<&str> {
        let cookies = self.header("cookie")?.split(';').filter_map(|c| c.trim().split_once('='));
        cookies.into_iter().find(|(n, _)| *n == name).map(|(_, value)| value)
    }
}

/// Answers requests on a connection until the client is done.
pub(super) fn http(identity: &Identity, mut stream: TcpStream, gate: bool) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let peer = ip(stream.peer_addr()?.ip());
    let mut pending = Vec::new();
    while let Some(request) = request(&mut stream, &mut pending)? {
        identity.requests.fetch_add(1, Ordering::Relaxed);
        let close = request.close;
        let answer =
            if gate && is_check(&request) { verdict(&request) } else { page(identity, &request, &peer) };
        stream.write_all(answer.to_bytes(request.method == "HEAD", close).as_bytes())?;
        if close {
            break;
        }
    }
    Ok(())
}

/// The next request, its body read and forgotten; `None` when the client is done.
fn request(stream: &mut impl Read, pending: &mut Vec<u8>) -> io::Result<Option<Request>> {
    let bad = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let end = loop {
        if let Some(end) = pending.windows(4).position(|w| w == b"\r\n\r\n") {
            break end;
        }
        if pending.len() > LONGEST {
            return Err(bad("the request is too long"));
        }
        let mut buffer = [0u8; 8192];
        match stream.read(&mut buffer)? {
            0 => return Ok(None),
            n => pending.extend_from_slice(&buffer[..n]),
        }
    };
    let head = String::from_utf8_lossy(&pending[..end]).into_owned();
    pending.drain(..end + 4);
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, path) =
        (first.next().unwrap_or_default().to_owned(), first.next().unwrap_or("/").to_owned());
    let old = first.next() == Some("HTTP/1.0");
    let headers: Vec<(String, String)> = lines
        .filter_map(|l| l.split_once(':'))
        .map(|(n, v)| (n.trim().to_ascii_lowercase(), v.trim().to_owned()))
        .collect();
    let mut request = Request { method, path, headers, close: old };
    let length: usize = request.header("content-length").and_then(|v| v.parse().ok()).unwrap_or(0);
    let asks_close = request.header("connection").is_some_and(|v| v.eq_ignore_ascii_case("close"));
    // A body of unknown end: answered, then hung up.
    request.close |= asks_close || request.header("transfer-encoding").is_some() || length > LONGEST;
    if !request.close {
        while pending.len() < length {
            let mut buffer = [0u8; 8192];
            match stream.read(&mut buffer)? {
                0 => return Ok(None),
                n => pending.extend_from_slice(&buffer[..n]),
            }
        }
        pending.drain(..length);
    }
    Ok(Some(request))
}

struct Answer {
    status: &'static str,
    kind: &'static str,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Answer {
    fn to_bytes(&self, head_only: bool, close: bool) -> String {
        let mut out = format!("HTTP/1.1 {}\r\nContent-Type: {}\r\n", self.status, self.kind);
        for (name, value) in &self.headers {
            let _ = write!(out, "{name}: {}\r\n", value.replace(['\r', '\n'], ""));
        }
        let _ = write!(out, "Content-Length: {}\r\n", self.body.len());
        out.push_str(if close { "Connection: close\r\n\r\n" } else { "\r\n" });
        if !head_only {
            out.push_str(&self.body);
        }
        out
    }
}

/// True when a proxy asks whether somebody may go on.
fn is_check(request: &Request) -> bool {
    let asked = request.header("x-forwarded-uri").is_some() && request.header("x-forwarded-method").is_some();
    asked || request.path.starts_with("/api/verify") || request.path.starts_with("/api/authz/")
}

fn verdict(request: &Request) -> Answer {
    let kind = "text/plain; charset=utf-8";
    if request.cookie(SIGNED_IN.0) == Some(SIGNED_IN.1) {
        let groups = request.cookie("fleetwright-groups").unwrap_or("people").to_owned();
        let headers = vec![
            ("Remote-User", "fleetwright".to_owned()),
            ("Remote-Groups", groups),
            ("Remote-Name", "Fleetwright".to_owned()),
            ("Remote-Email", "fleetwright@example.net".to_owned()),
        ];
        return Answer { status: "200 OK", kind, headers, body: String::new() };
    }
    let original = format!(
        "{}://{}{}",
        request.header("x-forwarded-proto").unwrap_or("https"),
        request.header("x-forwarded-host").or(request.header("host")).unwrap_or_default(),
        request.header("x-forwarded-uri").unwrap_or("/")
    );
    let query = request.path.split_once('?').map(|(_, q)| q).unwrap_or_default();
    let page =
        query.split('&').find_map(|p| p.strip_prefix("rd=")).map(decoded).unwrap_or_else(|| "/".to_owned());
    let location = format!("{page}?rd={}", encoded(&original));
    Answer {
        status: "302 Found",
        kind,
        headers: vec![("Location", location)],
        body: "sign in first\n".to_owned(),
    }
}

fn page(identity: &Identity, request: &Request, peer: &str) -> Answer {
    let path = request.path.split('?').next().unwrap_or_default();
    if path == identity.metrics {
        let body = format!(
            "# HELP standin_info What this stands for.\n# TYPE standin_info gauge\nstandin_info{{name={},stands_for={}}} 1\n# HELP standin_requests_total Requests answered.\n# TYPE standin_requests_total counter\nstandin_requests_total {}\n",
            text(&identity.name),
            text(&identity.stands_for),
            identity.requests.load(Ordering::Relaxed)
        );
        return Answer { status: "200 OK", kind: "text/plain; version=0.0.4", headers: Vec::new(), body };
    }
    let forwarded = request.header("x-forwarded-for").map_or("null".to_owned(), text);
    let mut headers = String::new();
    for (n, (name, value)) in request.headers.iter().enumerate() {
        let comma = if n == 0 { "" } else { ", " };
        let _ = write!(headers, "{comma}{}: {}", text(name), text(value));
    }
    let body = format!(
        "{{\"stand-in\": {}, \"for\": {}, \"peer\": {}, \"x-forwarded-for\": {forwarded}, \"host\": {}, \"method\": {}, \"path\": {}, \"headers\": {{{headers}}}}}\n",
        text(&identity.name),
        text(&identity.stands_for),
        text(peer),
        text(request.header("host").unwrap_or_default()),
        text(&request.method),
        text(&request.path),
    );
    Answer { status: "200 OK", kind: "application/json", headers: Vec::new(), body }
}

/// A JSON string (and a Prometheus label value: the escapes that occur are the same).
pub(super) fn text(value: &str) -> String {
    let mut out = String::from("\"");
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if u32::from(c) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn encoded(value: &str) -> String {
    let mut out = String::new();
    for b in value.bytes() {
        if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
            out.push(char::from(b));
        } else {
            let _ = write!(out, "%{b:02X}");
        }
    }
    out
}

fn decoded(value: &str) -> String {
    let bytes = value.as_bytes();
    let mut out = Vec::new();
    let mut n = 0;
    while n < bytes.len() {
        let hex =
            value.get(n + 1..n + 3).filter(|_| bytes[n] == b'%').and_then(|h| u8::from_str_radix(h, 16).ok());
        out.push(hex.unwrap_or(bytes[n]));
        n += if hex.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}
