//! HTTP/1.1 requests over any stream, answers bounded.

use std::io::{self, Read, Write};

/// The largest answer that is read.
const MOST: usize = 4 << 20;

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Response {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of this (lower-case) name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
    /// The body as JSON, when it is.
    pub(crate) fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }
    /// In words: the status and where it sends one.
    pub(crate) fn say(&self) -> String {
        match self.header("location") {
            Some(to) => format!("{} to {to}", self.status),
            None => self.status.to_string(),
        }
    }
}

/// Sends a GET and reads the answer. The stream stays usable for the next one.
///
/// # Errors
/// When the stream breaks or what comes is no HTTP.
pub(crate) fn get<S: Read + Write>(
    stream: &mut S,
    host: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> io::Result<Response> {
    let mut request =
        format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: fleetwright-probe\r\nAccept: */*\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes())?;
    stream.flush()?;
    read(stream)
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

fn read(stream: &mut impl Read) -> io::Result<Response> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break end;
        }
        if more(stream, &mut bytes)? == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the connection was closed without an answer",
            ));
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut rest = bytes.split_off(end + 4);
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap_or_default();
    if !status.starts_with("HTTP/1.") {
        return Err(bad("what came is no HTTP"));
    }
    let status =
        status.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or_else(|| bad("no HTTP status"))?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|l| l.split_once(':'))
        .map(|(n, v)| (n.trim().to_ascii_lowercase(), v.trim().to_owned()))
        .collect();
    let mut response = Response { status, headers, body: Vec::new() };
    if matches!(status, 100..=199 | 204 | 304) {
        return Ok(response);
    }
    let chunked = response.header("transfer-encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked"));
    let length: Option<usize> = response.header("content-length").and_then(|v| v.parse().ok());
    if chunked {
        response.body = chunks(stream, rest)?;
    } else if let Some(length) = length {
        while rest.len() < length {
            if more(stream, &mut rest)? == 0 {
                return Err(bad("the answer is shorter than it says"));
            }
        }
        rest.truncate(length);
        response.body = rest;
    } else {
        while more(stream, &mut rest)? > 0 {}
        response.body = rest;
    }
    Ok(response)
}

fn more(stream: &mut impl Read, into: &mut Vec<u8>) -> io::Result<usize> {
    let mut buffer = [0u8; 16384];
    let n = stream.read(&mut buffer)?;
    into.extend_from_slice(&buffer[..n]);
    if into.len() > MOST { Err(bad("the answer is too long")) } else { Ok(n) }
}

fn chunks(stream: &mut impl Read, mut bytes: Vec<u8>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = loop {
            if let Some(end) = bytes.windows(2).position(|w| w == b"\r\n") {
                break end;
            }
            if more(stream, &mut bytes)? == 0 {
                return Err(bad("the answer ends within a chunk"));
            }
        };
        let size = String::from_utf8_lossy(&bytes[..line]).into_owned();
        let size = usize::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16);
        let size = size.ok().filter(|s| *s <= MOST).ok_or_else(|| bad("no chunk size"))?;
        let need = line + 2 + size + 2;
        while bytes.len() < need {
            if more(stream, &mut bytes)? == 0 {
                return Err(bad("the answer ends within a chunk"));
            }
        }
        body.extend_from_slice(&bytes[line + 2..line + 2 + size]);
        if body.len() > MOST {
            return Err(bad("the answer is too long"));
        }
        bytes.drain(..need);
        if size == 0 {
            return Ok(body);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    struct Canned {
        answer: &'static [u8],
        asked: Vec<u8>,
    }
    impl Read for Canned {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let n = self.answer.len().min(into.len()).min(7);
            into[..n].copy_from_slice(&self.answer[..n]);
            self.answer = &self.answer[n..];
            Ok(n)
        }
    }
    impl Write for Canned {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.asked.extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn ask(answer: &'static [u8]) -> io::Result<Response> {
        let mut stream = Canned { answer, asked: Vec::new() };
        let response = get(&mut stream, "a.example", "/x", &[("Cookie", "a=b")]);
        assert!(stream.asked.starts_with(b"GET /x HTTP/1.1\r\nHost: a.example\r\n"));
        response
    }

    #[test]
    fn length_chunks_and_close_bound_an_answer() {
        let r = ask(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi and more").unwrap();
        assert_eq!((r.status, r.body.as_slice()), (200, &b"hi"[..]));
        let r =
            ask(b"HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n")
                .unwrap();
        assert_eq!((r.status, r.body.as_slice()), (404, &b"abcd"[..]));
        let r = ask(b"HTTP/1.0 302 F\r\nLocation: https://g/\r\n\r\nrest").unwrap();
        assert_eq!((r.say().as_str(), r.body.as_slice()), ("302 to https://g/", &b"rest"[..]));
    }

    #[test]
    fn broken_answers_are_errors() {
        for answer in [
            &b""[..],
            b"SSH-2.0-x\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        ] {
            assert!(ask(answer).is_err());
        }
    }
}
