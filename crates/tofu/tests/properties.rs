//! No bytes make a reader panic, and formatting keeps what a text says.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use diag::Report;
use proptest::prelude::*;
use support::{Generator, cases};

/// Text that is nearly HCL or JSON: its signs and words in any order.
fn soup() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "a",
        "b1",
        " ",
        "  ",
        "\n",
        "\r\n",
        "\t",
        "=",
        "==",
        "=>",
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "\"",
        "${",
        "%{",
        "~}",
        "$${",
        "<<EOT\n",
        "<<-E\n",
        "EOT\n",
        "E\n",
        "#",
        "//",
        "/*",
        "*/",
        ",",
        ".",
        "...",
        ":",
        "::",
        "?",
        "-",
        "!",
        "1",
        "1.5e3",
        "for",
        "in",
        "if",
        "null",
        "true",
        "\\",
        "é",
        "日",
        "\u{feff}",
        "👩‍👧",
        "\"value\":",
        "\"version\": 4",
    ]);
    prop::collection::vec(words, 0..60).prop_map(|words| words.concat())
}

fn read(bytes: &[u8]) {
    for name in ["a.tf", "a.tf.json", "a.tfvars", "a.txt"] {
        for fault in tofu::hcl::check(name, bytes).items {
            assert!(
                fault.code.starts_with("FW15") && fault.help.is_some() && fault.place.is_some(),
                "{fault:?}"
            );
        }
    }
    let mut report = Report::new();
    tofu::outputs("outputs.json", bytes, &mut report);
    tofu::state("terraform.tfstate", bytes, &mut report);
    for fault in report.items {
        assert!(fault.code.starts_with("FW15") && fault.help.is_some() && fault.place.is_some(), "{fault:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read(&bytes);
    }

    #[test]
    fn any_words_are_read_or_refused(text in soup()) {
        read(text.as_bytes());
        if let Ok(formatted) = tofu::hcl::format("a.tf", &text) {
            prop_assert_eq!(tofu::hcl::format("a.tf", &formatted).unwrap(), formatted);
        }
    }

    #[test]
    fn any_reference_is_read_or_refused(text in "tofu/[a-z/\\[\\]\"\\\\.0-9]{0,30}") {
        let place = diag::Place::new("fleet.yaml", 1, 1);
        if tofu::Reference::is(&text)
            && let Ok(reference) = tofu::Reference::parse(&text, &place)
        {
            prop_assert!(!reference.parts.is_empty());
        }
    }

    #[test]
    fn formatting_twice_is_formatting_once(seed in any::<u64>()) {
        let text = Generator::new(seed).body(3);
        let formatted = tofu::hcl::format("a.tf", &text).unwrap();
        prop_assert_eq!(tofu::hcl::format("a.tf", &formatted).unwrap(), formatted.clone());
        // But for blanks it is the same text.
        let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        prop_assert_eq!(bare(&text), bare(&formatted));
    }

    #[test]
    fn a_cut_text_is_read_or_refused(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>()) {
        let cases = cases();
        let text = cases[which.index(cases.len())].1;
        let at = at.index(text.len() + 1);
        read(&text.as_bytes()[..at]);
    }
}
