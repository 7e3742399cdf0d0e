//! A connection to systemd's private socket: calls with a deadline, and the signals that come meanwhile.

use super::wire::{Malformed, Reader, Value, Writer};
use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

const CALL: u8 = 1;
const RETURN: u8 = 2;
const ERROR: u8 = 3;
const SIGNAL: u8 = 4;
/// Largest message the specification allows.
const LARGEST: usize = 128 << 20;

/// A message.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// 1 call, 2 return, 3 error, 4 signal.
    pub kind: u8,
    /// The sender's number for it.
    pub serial: u32,
    /// The call it answers.
    pub reply_to: u32,
    /// Object.
    pub path: String,
    /// Interface.
    pub interface: String,
    /// Method, signal or (for errors) error name.
    pub member: String,
    /// The values.
    pub body: Vec<Value>,
}

/// Why a call did not give an answer.
#[derive(Debug)]
pub enum BusError {
    /// The connection broke or the deadline passed.
    Io(io::Error),
    /// What came was not D-Bus.
    Malformed(Malformed),
    /// The other side said no: error name and text.
    Refused(String, String),
}

impl fmt::Display for BusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BusError::Io(e) => write!(f, "systemd: {e}"),
            BusError::Malformed(e) => write!(f, "systemd: {e}"),
            BusError::Refused(_, text) => f.write_str(text),
        }
    }
}

impl From<io::Error> for BusError {
    fn from(e: io::Error) -> Self {
        BusError::Io(e)
    }
}

impl From<Malformed> for BusError {
    fn from(e: Malformed) -> Self {
        BusError::Malformed(e)
    }
}

/// A connection without a bus daemon in between.
pub struct Connection {
    stream: UnixStream,
    buffer: Vec<u8>,
    serial: u32,
    /// Signals and replies that came and nobody has taken yet.
    waiting: VecDeque<Message>,
}

impl Connection {
    /// Connects and authenticates as this process's user.
    ///
    /// # Errors
    /// When nothing listens there, it does not answer in time or says no.
    pub fn open(socket: &Path, deadline: Instant) -> Result<Self, BusError> {
        let mut stream = UnixStream::connect(socket)?;
        let uid = rustix::process::geteuid().as_raw().to_string();
        let hex: String = uid.bytes().map(|b| format!("{b:02x}")).collect();
        stream.write_all(format!("\0AUTH EXTERNAL {hex}\r\nBEGIN\r\n").as_bytes())?;
        let mut connection = Connection { stream, buffer: Vec::new(), serial: 0, waiting: VecDeque::new() };
        loop {
            if let Some(end) = connection.buffer.windows(2).position(|w| w == b"\r\n") {
                let line: Vec<u8> = connection.buffer.drain(..end + 2).collect();
                if line.starts_with(b"OK") {
                    return Ok(connection);
                }
                let said = String::from_utf8_lossy(&line).trim().to_owned();
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, said).into());
            }
            connection.fill(deadline)?;
        }
    }

    /// Wraps a stream on which both sides are already past authentication.
    pub fn from_stream(stream: UnixStream) -> Self {
        Connection { stream, buffer: Vec::new(), serial: 0, waiting: VecDeque::new() }
    }

    fn fill(&mut self, deadline: Instant) -> Result<(), BusError> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::Error::from(io::ErrorKind::TimedOut).into());
        }
        self.stream.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        let mut chunk = [0u8; 16 << 10];
        match self.stream.read(&mut chunk) {
            Ok(0) => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Ok(n) => {
                self.buffer.extend_from_slice(&chunk[..n]);
                Ok(())
            }
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                Err(io::Error::from(io::ErrorKind::TimedOut).into())
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(e) => Err(e.into()),
        }
    }

    /// Sends a message and gives its serial.
    ///
    /// # Errors
    /// When the connection is broken.
    pub fn send(&mut self, message: &Message) -> Result<u32, BusError> {
        self.serial += 1;
        self.stream.write_all(&encode(message, self.serial))?;
        Ok(self.serial)
    }

    /// Sends a call and gives its serial.
    ///
    /// # Errors
    /// When the connection is broken.
    pub fn send_call(
        &mut self,
        path: &str,
        interface: &str,
        member: &str,
        body: Vec<Value>,
    ) -> Result<u32, BusError> {
        self.send(&Message {
            kind: CALL,
            path: path.to_owned(),
            interface: interface.to_owned(),
            member: member.to_owned(),
            body,
            ..Message::default()
        })
    }

    /// The answer to a call.
    ///
    /// # Errors
    /// When the other side refused, the deadline passed or the connection broke.
    pub fn answer(&mut self, serial: u32, deadline: Instant) -> Result<Vec<Value>, BusError> {
        let mine = |m: &Message| matches!(m.kind, RETURN | ERROR) && m.reply_to == serial;
        loop {
            if let Some(at) = self.waiting.iter().position(mine)
                && let Some(message) = self.waiting.remove(at)
            {
                if message.kind == RETURN {
                    return Ok(message.body);
                }
                let text = message.body.first().and_then(Value::text).unwrap_or(&message.member).to_owned();
                return Err(BusError::Refused(message.member, text));
            }
            let next = self.receive(deadline)?;
            self.waiting.push_back(next);
        }
    }

    /// The next signal of this name, earlier ones first; other signals before it are dropped.
    ///
    /// # Errors
    /// When none comes before the deadline or the connection broke.
    pub fn signal(&mut self, member: &str, deadline: Instant) -> Result<Message, BusError> {
        loop {
            while let Some(at) = self.waiting.iter().position(|m| m.kind == SIGNAL) {
                match self.waiting.remove(at) {
                    Some(message) if message.member == member => return Ok(message),
                    _ => {}
                }
            }
            let next = self.receive(deadline)?;
            self.waiting.push_back(next);
        }
    }

    /// Waits until some signal comes or the deadline passes, and drops all that came.
    ///
    /// # Errors
    /// When the connection broke.
    pub fn wait_for_news(&mut self, deadline: Instant) -> Result<(), BusError> {
        let before = self.waiting.len();
        self.waiting.retain(|m| m.kind != SIGNAL);
        if self.waiting.len() != before {
            return Ok(());
        }
        match self.receive(deadline) {
            Ok(message) if message.kind == SIGNAL => Ok(()),
            Ok(message) => {
                self.waiting.push_back(message);
                Ok(())
            }
            Err(BusError::Io(e)) if e.kind() == io::ErrorKind::TimedOut => Ok(()),
            Err(e) => Err(e),
        }
    }

    /// The next message.
    ///
    /// # Errors
    /// When none comes before the deadline, it is malformed or the connection broke.
    pub fn receive(&mut self, deadline: Instant) -> Result<Message, BusError> {
        loop {
            if let Some(size) = message_size(&self.buffer)?
                && self.buffer.len() >= size
            {
                let bytes: Vec<u8> = self.buffer.drain(..size).collect();
                return Ok(decode(&bytes)?);
            }
            self.fill(deadline)?;
        }
    }
}

/// A message's size once its fixed header is there.
fn message_size(buffer: &[u8]) -> Result<Option<usize>, Malformed> {
    let Some(header) = buffer.get(..16) else { return Ok(None) };
    if header[0] != b'l' {
        return Err(Malformed("not little-endian"));
    }
    let word =
        |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]) as usize;
    let size = (16 + word(12)).next_multiple_of(8) + word(4);
    if size > LARGEST { Err(Malformed("too large")) } else { Ok(Some(size)) }
}

fn encode(message: &Message, serial: u32) -> Vec<u8> {
    let mut body = Writer::default();
    for value in &message.body {
        body.value(value);
    }
    let signature: String = message.body.iter().map(Value::signature).collect();
    let mut fields = Vec::new();
    let mut field = |code: u8, value: Value| {
        fields.push(Value::Struct(vec![Value::Byte(code), Value::variant(value)]));
    };
    if !message.path.is_empty() {
        field(1, Value::Path(message.path.clone()));
    }
    if !message.interface.is_empty() {
        field(2, Value::str(&message.interface));
    }
    if !message.member.is_empty() {
        field(if message.kind == ERROR { 4 } else { 3 }, Value::str(&message.member));
    }
    if message.reply_to != 0 {
        field(5, Value::u32(message.reply_to));
    }
    if message.kind == CALL {
        field(6, Value::str("org.freedesktop.systemd1"));
    }
    if !signature.is_empty() {
        field(8, Value::Signature(signature));
    }
    let size = u32::try_from(body.bytes.len()).unwrap_or(u32::MAX);
    let mut out = Writer::default();
    for value in [Value::Byte(b'l'), Value::Byte(message.kind), Value::Byte(0), Value::Byte(1)] {
        out.value(&value);
    }
    out.value(&Value::u32(size));
    out.value(&Value::u32(serial));
    out.value(&Value::Array("(yv)".to_owned(), fields));
    out.align(8);
    out.bytes.extend_from_slice(&body.bytes);
    out.bytes
}

fn decode(bytes: &[u8]) -> Result<Message, Malformed> {
    let size = message_size(bytes)?.ok_or(Malformed("too short"))?;
    let head = Reader::new(bytes).values("yyyyuua(yv)")?;
    let mut message = Message { kind: bytes[1], ..Message::default() };
    let mut signature = String::new();
    let number =
        |v: Option<&Value>| v.and_then(Value::number).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    message.serial = number(head.get(5));
    let body_size = number(head.get(4)) as usize;
    for field in head.get(6).map(Value::parts).unwrap_or_default() {
        let [Value::Byte(code), value] = field.parts() else { continue };
        let text = || value.text().unwrap_or_default().to_owned();
        match code {
            1 => message.path = text(),
            2 => message.interface = text(),
            3 | 4 => message.member = text(),
            5 => message.reply_to = number(Some(value)),
            8 => signature = text(),
            _ => {}
        }
    }
    let body = bytes.get(size - body_size..size).ok_or(Malformed("too short"))?;
    message.body = Reader::new(body).values(&signature)?;
    Ok(message)
}
