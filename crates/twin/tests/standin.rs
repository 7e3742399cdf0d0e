//! The stand-in as other programs meet it.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

struct StandIn(Child);

impl StandIn {
    fn start(args: &[String]) -> StandIn {
        let mut child = Command::new(env!("CARGO_BIN_EXE_fleetwright-standin"))
            .args(["--name", "photos", "--stands-for", "an image"])
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "stand-in photos for an image is up\n");
        StandIn(child)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn free() -> String {
    TcpListener::bind("[::]:0").unwrap().local_addr().unwrap().port().to_string()
}

fn ask(to: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(to.parse::<SocketAddr>().unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn http_repeats_what_was_asked_over_both_families() {
    let port = free();
    let _one = StandIn::start(&["--http".to_owned(), port.clone()]);
    for at in [format!("127.0.0.1:{port}"), format!("[::1]:{port}")] {
        let request = "GET /a?b=\"c\" HTTP/1.1\r\nHost: photos.example\r\nX-Forwarded-For: 198.18.10.7\r\nConnection: close\r\n\r\n";
        let answer = ask(&at, request);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        let json: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(json["stand-in"], "photos");
        assert_eq!(json["peer"], at.parse::<SocketAddr>().unwrap().ip().to_string());
        assert_eq!(json["x-forwarded-for"], "198.18.10.7");
        assert_eq!(json["host"], "photos.example");
        assert_eq!(json["path"], "/a?b=\"c\"");
        assert_eq!(json["headers"]["connection"], "close");
    }
    let metrics = ask(&format!("127.0.0.1:{port}"), "GET /metrics HTTP/1.0\r\n\r\n");
    assert!(metrics.contains("standin_info{name=\"photos\",stands_for=\"an image\"} 1\n"), "{metrics}");
    assert!(metrics.contains("standin_requests_total 3\n"), "{metrics}");
}

#[test]
fn a_connection_is_kept_and_bodies_are_skipped() {
    let port = free();
    let _one = StandIn::start(&["--http".to_owned(), port.clone()]);
    let two =
        "POST /one HTTP/1.1\r\nContent-Length: 4\r\n\r\nGET HEAD /two HTTP/1.1\r\nConnection: close\r\n\r\n";
    let answer = ask(&format!("127.0.0.1:{port}"), two);
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 2, "{answer}");
    assert!(answer.contains("\"/one\"") && !answer.contains("\"/two\""), "{answer}");
}

#[test]
fn the_gate_lets_go_on_who_signed_in() {
    let port = free();
    let _one = StandIn::start(&["--gate".to_owned(), port.clone()]);
    let at = format!("127.0.0.1:{port}");
    let check = |cookie: &str| {
        ask(
            &at,
            &format!(
                "GET /api/verify?rd=https://auth.example/ HTTP/1.1\r\nX-Forwarded-Host: photos.example\r\nX-Forwarded-Uri: /x\r\nX-Forwarded-Method: GET\r\nX-Forwarded-Proto: https\r\n{cookie}Connection: close\r\n\r\n"
            ),
        )
    };
    let sent = check("");
    assert!(sent.starts_with("HTTP/1.1 302 "), "{sent}");
    assert!(
        sent.contains("Location: https://auth.example/?rd=https%3A%2F%2Fphotos.example%2Fx\r\n"),
        "{sent}"
    );
    assert!(check("Cookie: fleetwright-standin=no\r\n").starts_with("HTTP/1.1 302 "));
    let on = check("Cookie: a=b; fleetwright-standin=ok; fleetwright-groups=admins\r\n");
    assert!(on.starts_with("HTTP/1.1 200 "), "{on}");
    assert!(on.contains("Remote-User: fleetwright\r\n") && on.contains("Remote-Groups: admins\r\n"), "{on}");
    let page = ask(&at, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("\"stand-in\""), "{page}");
}

#[test]
fn plain_ports_say_who_they_are() {
    let (tcp, udp) = (free(), free());
    let args = [
        "--tcp".to_owned(),
        tcp.clone(),
        "--udp".to_owned(),
        udp.clone(),
        "--listen".to_owned(),
        "127.0.0.1".to_owned(),
    ];
    let _one = StandIn::start(&args);
    let mut line = String::new();
    let stream = TcpStream::connect(format!("127.0.0.1:{tcp}")).unwrap();
    BufReader::new(stream).read_line(&mut line).unwrap();
    assert_eq!(line, "stand-in photos for an image\n");
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket.send_to(b"x", format!("127.0.0.1:{udp}")).unwrap();
    let mut buffer = [0u8; 256];
    let n = socket.recv(&mut buffer).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&buffer[..n]).unwrap();
    assert_eq!(json["peer"], "127.0.0.1");
}

#[test]
fn wrong_arguments_are_told() {
    for args in [&["--http", "x"][..], &["--name", "a", "--http", "99999"], &["--nam", "a"], &["--http"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_fleetwright-standin")).args(args).output().unwrap();
        assert!(!output.status.success());
        assert!(!output.stderr.is_empty());
    }
}
