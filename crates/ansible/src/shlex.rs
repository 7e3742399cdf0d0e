//! Python's `shlex.split(line, comments=True)`.

/// Words of a line as a POSIX shell has them, up to a `#` (which, as in Python, ends the line inside a word
/// too). The error is what Python says.
pub fn split(line: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word = String::new();
    // A word that is only `''` counts.
    let mut begun = false;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => {
                if begun {
                    words.push(std::mem::take(&mut word));
                    begun = false;
                }
            }
            '#' => {
                // To the end of this line; text after it goes on.
                if begun {
                    words.push(std::mem::take(&mut word));
                    begun = false;
                }
                chars.by_ref().find(|c| *c == '\n');
            }
            '\\' => {
                word.push(chars.next().ok_or("No escaped character")?);
                begun = true;
            }
            '\'' => {
                begun = true;
                loop {
                    match chars.next().ok_or("No closing quotation")? {
                        '\'' => break,
                        c => word.push(c),
                    }
                }
            }
            '"' => {
                begun = true;
                loop {
                    match chars.next().ok_or("No closing quotation")? {
                        '"' => break,
                        '\\' => match chars.next().ok_or("No escaped character")? {
                            c @ ('"' | '\\') => word.push(c),
                            c => {
                                word.push('\\');
                                word.push(c);
                            }
                        },
                        c => word.push(c),
                    }
                }
            }
            c => {
                word.push(c);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    Ok(words)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::split;

    #[test]
    fn as_python_splits() {
        let cases: [(&str, &[&str]); 6] = [
            (r#"web1 a=1 b="x y" c='#'"#, &["web1", "a=1", "b=x y", "c=#"]),
            ("a=foo#bar baz", &["a=foo"]),
            ("a='' ''", &["a=", ""]),
            (r#"a="\n\"" b=\ c"#, &["a=\\n\"", "b= c"]),
            ("# nothing", &[]),
            ("a\t b", &["a", "b"]),
        ];
        for (line, words) in cases {
            assert_eq!(split(line).unwrap(), words, "{line}");
        }
        assert_eq!(split("a='b"), Err("No closing quotation"));
        assert_eq!(split("a\\"), Err("No escaped character"));
    }
}
