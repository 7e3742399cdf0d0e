//! One more reader, written where a person would write it. That the result reads as meant is held where sources are
//! read (`fleetwright::somebody_more_may_read`).
#![allow(clippy::unwrap_used, clippy::panic)]

use diag::Place;
use model::{DeclaredSecret, Sp};
use proptest::prelude::*;
use secret::grant::{add, append};

fn declared(place: (u32, u32), to: &[(&str, u32, u32)]) -> DeclaredSecret {
    let at = |line, column| Place::new("secrets.yaml", line, column);
    DeclaredSecret {
        place: at(place.0, place.1),
        kind: None,
        of: None,
        user: None,
        length: None,
        alphabet: None,
        characters: None,
        algorithm: None,
        names: Vec::new(),
        days: None,
        comment: None,
        file: None,
        key: None,
        password_file: None,
        to: to.iter().map(|(who, line, column)| Sp::new((*who).to_owned(), &at(*line, *column))).collect(),
    }
}

#[test]
fn each_way_of_writing_takes_one_more() {
    for (text, secret, after) in [
        ("sql: random # why\n", declared((1, 6), &[]), "sql: {kind: random, to: eve} # why\n"),
        ("sql: {kind: uuid}\n", declared((1, 6), &[]), "sql: {to: eve, kind: uuid}\n"),
        ("sql: {}\n", declared((1, 6), &[]), "sql: {to: eve}\n"),
        ("sql:\nother: given\n", declared((1, 1), &[]), "sql: {to: eve}\nother: given\n"),
        ("sql:\n  kind: uuid\n", declared((2, 3), &[]), "sql:\n  to: eve\n  kind: uuid\n"),
        ("sql: {to: web}\n", declared((1, 6), &[("web", 1, 11)]), "sql: {to: [web, eve]}\n"),
        (
            "sql: {to: [a, web]}\n",
            declared((1, 6), &[("a", 1, 12), ("web", 1, 15)]),
            "sql: {to: [a, web, eve]}\n",
        ),
        (
            "sql:\n  to:\n    - web\n",
            declared((2, 3), &[("web", 3, 7)]),
            "sql:\n  to:\n    - web\n    - eve\n",
        ),
    ] {
        assert_eq!(add(text, &secret, "eve").as_deref(), Some(after), "{text}");
    }
    assert_eq!(append("a: random", "b", "eve"), "a: random\nb: {to: eve}\n");
    assert_eq!(append("", "b", "eve"), "b: {to: eve}\n");
}

proptest! {
    #[test]
    fn no_text_and_no_place_is_too_much(
        text in "[ a-zß:{}\\[\\],#\n-]{0,60}", line in 0u32..6, column in 0u32..30, to in proptest::option::of("[a-z]{1,4}")
    ) {
        let to: Vec<(&str, u32, u32)> = to.as_deref().map(|t| (t, line, column)).into_iter().collect();
        let _ = add(&text, &declared((line, column), &to), "eve");
    }
}
