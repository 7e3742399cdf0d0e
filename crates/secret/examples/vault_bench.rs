//! How many vaults of a kilobyte are decrypted in a second, on one core. `bench/` holds it against the same
//! PBKDF2 by OpenSSL: `python3 -c 'hashlib.pbkdf2_hmac("sha256", …, 10000, 80)'`.
#![allow(clippy::unwrap_used)]

use diag::Place;
use secret::Secret;
use secret::vault::{self, Passwords};
use std::time::{Duration, Instant};

fn main() {
    let password = Secret::new(*b"a password of usual length");
    let place = Place::file("bench");
    let text = vault::encrypt(&[b'x'; 1024], &password, None, [7; 32]);
    let given = Passwords::new().with(None, password);
    let begun = Instant::now();
    let mut done = 0u32;
    while begun.elapsed() < Duration::from_secs(3) {
        assert_eq!(vault::decrypt(text.as_bytes(), &given, &place).unwrap().len(), 1024);
        done += 1;
    }
    println!("{:.1} decrypts/s", f64::from(done) / begun.elapsed().as_secs_f64());
}
