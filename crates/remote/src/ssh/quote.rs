//! Words for the shell at the other end.

/// A command line of which sh(1) makes exactly these words.
pub(super) fn line(argv: &[&str]) -> String {
    argv.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;
    use std::process::Command;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn sh_gives_back_every_word(words in prop::collection::vec("[^\\x00]{0,12}", 0..5)) {
            let mut argv = vec!["printf", "%s\\0"];
            argv.extend(words.iter().map(String::as_str));
            let out = Command::new("sh").args(["-c", &super::line(&argv)]).output().unwrap();
            let mut expected: Vec<u8> = words.iter().flat_map(|w| w.bytes().chain([0])).collect();
            if words.is_empty() {
                expected = vec![0];
            }
            prop_assert_eq!(out.stdout, expected);
        }
    }
}
