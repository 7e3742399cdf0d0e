//! `handshakes PORT KEY KNOWN COUNT`: connects COUNT times to an sshd on the loopback, runs `true` on each
//! connection, and says how long that took. What an apply cannot be faster than.
#![allow(clippy::unwrap_used)]

use remote::Remote;
use remote::ssh::{Client, Destination, Settings};
use std::time::{Duration, Instant};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [port, key, known, count] = args.as_slice() else {
        eprintln!("usage: handshakes PORT KEY KNOWN COUNT");
        std::process::exit(2);
    };
    let settings = Settings {
        known_hosts: vec![known.into()],
        identities: vec![key.into()],
        connect: Duration::from_secs(60),
        ..Settings::bare()
    };
    let client = Client::new(settings).unwrap();
    let to = Destination {
        name: "here".into(),
        address: Some("127.0.0.1".into()),
        port: port.parse().ok(),
        user: Some("root".into()),
        jump: None,
    };
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..count.parse().unwrap_or(1) {
            let remote = client.remote(to.clone());
            scope.spawn(move || {
                let said = remote.run(&["true"], b"", Duration::from_secs(60)).unwrap();
                assert!(said.ok());
            });
        }
    });
    println!("{count} in {:.3} s", begun.elapsed().as_secs_f64());
}
