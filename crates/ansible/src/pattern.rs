//! Host patterns: `web[01:20:2].example.org:2222`, as ansible-core's `parse_address` and
//! `expand_hostname_range` read them.

/// Most hosts one pattern may name.
const MAX_HOSTS: usize = 65_536;
/// Python's `string.ascii_letters`.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The hosts a pattern names, and the port it gives them. The error says what is wrong with it.
pub(crate) fn expand(pattern: &str) -> Result<(Vec<String>, Option<i128>), String> {
    let (base, port) = address(pattern).unwrap_or((pattern, None));
    if pattern.trim().ends_with(':') && port.is_none() {
        return Err("it ends with a colon, which stands before a port".to_owned());
    }
    let mut hosts = Vec::new();
    range(base, &mut hosts)?;
    if hosts.iter().any(|host| host.trim() == "---") {
        return Err("`---` starts a YAML document, and is no host".to_owned());
    }
    Ok((hosts, port))
}

/// Host and port of what can be one; nothing otherwise, and the whole text is a name then.
fn address(text: &str) -> Option<(&str, Option<i128>)> {
    let mut host = text;
    let mut port = None;
    if let Some((inside, digits)) = host.strip_prefix('[').and_then(|rest| rest.rsplit_once("]:"))
        && !inside.is_empty()
        && let Some(number) = number(digits)
    {
        host = inside;
        port = Some(number);
    }
    if let Some((head, digits)) = host.rsplit_once(':')
        && is_whole(head)
        && let Some(number) = number(digits)
    {
        host = head;
        port = Some(number);
    }
    (is_ipv6(host) || is_hostname(host)).then_some((host, port))
}

fn number(digits: &str) -> Option<i128> {
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

/// No colon or bracket outside a complete `[…]`.
fn is_whole(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find([':', '[', ']']) {
        if !rest[at..].starts_with('[') {
            return false;
        }
        match rest[at..].find(']') {
            Some(end) => rest = &rest[at + end + 1..],
            None => return false,
        }
    }
    true
}

/// Dotted labels of letters, digits, `_`, `-` and ranges, none ending with `_` or `-`. IPv4 addresses are
/// such names too.
fn is_hostname(text: &str) -> bool {
    let mut rest = text;
    let mut label_is_empty = true;
    let mut last = '.';
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '[' => match rest.find(']') {
                Some(end) if is_range(&rest[1..end]) => end + 1,
                _ => return false,
            },
            '.' if !label_is_empty && !matches!(last, '-' | '_') => 1,
            '-' if !label_is_empty => 1,
            c if c.is_alphanumeric() || c == '_' => c.len_utf8(),
            _ => return false,
        };
        label_is_empty = c == '.';
        last = if c == '[' { ']' } else { c };
        rest = &rest[length..];
    }
    !label_is_empty && !matches!(last, '-' | '_')
}

/// `a:f`, `01:20`, `1:9:2`.
fn is_range(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let letter = |part: &str| part.len() == 1 && part.bytes().all(|b| b.is_ascii_alphabetic());
    let parts: Vec<&str> = text.split(':').collect();
    match parts.as_slice() {
        [begin, end] => (digits(begin) && digits(end)) || (letter(begin) && letter(end)),
        [begin, end, step] => {
            ((digits(begin) && digits(end)) || (letter(begin) && letter(end))) && digits(step)
        }
        _ => false,
    }
}

/// An IPv6 address; a range stands for any number in it.
fn is_ipv6(text: &str) -> bool {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        let Some((inside, after)) = after.split_once(']') else { return false };
        if !is_range(inside) || inside.bytes().any(|b| b.is_ascii_alphabetic()) {
            return false;
        }
        plain.push_str(before);
        plain.push('0');
        rest = after;
    }
    plain.push_str(rest);
    plain.parse::<std::net::Ipv6Addr>().is_ok()
}

/// Every name of a pattern, its ranges expanded from the left.
fn range(pattern: &str, hosts: &mut Vec<String>) -> Result<(), String> {
    if !pattern.contains('[') {
        if hosts.len() >= MAX_HOSTS {
            return Err(format!("it names more than {MAX_HOSTS} hosts"));
        }
        hosts.push(pattern.to_owned());
        return Ok(());
    }
    let marked = pattern.replacen('[', "|", 1).replacen(']', "|", 1);
    let parts: Vec<&str> = marked.split('|').collect();
    let [head, inside, tail] = parts.as_slice() else {
        return Err("a range is `[begin:end]` or `[begin:end:step]`".to_owned());
    };
    for middle in sequence(inside)? {
        range(&format!("{head}{middle}{tail}"), hosts)?;
    }
    Ok(())
}

fn sequence(inside: &str) -> Result<Vec<String>, String> {
    let bounds: Vec<&str> = inside.split(':').collect();
    let (begin, end, step) = match bounds.as_slice() {
        [begin, end] => (*begin, *end, "1"),
        [begin, end, step] => (*begin, *end, *step),
        _ => return Err("a range is `[begin:end]` or `[begin:end:step]`".to_owned()),
    };
    let begin = if begin.is_empty() { "0" } else { begin };
    if end.is_empty() {
        return Err("the range has no end".to_owned());
    }
    let step = match number(step).and_then(|step| usize::try_from(step).ok()) {
        Some(0) | None => return Err(format!("`{step}` is no step of a range")),
        Some(step) => step,
    };
    if let (Some(first), Some(last)) = (LETTERS.find(begin), LETTERS.find(end)) {
        if first > last {
            return Err(format!("`{begin}` comes after `{end}`"));
        }
        return Ok(LETTERS[first..=last].chars().step_by(step).map(String::from).collect());
    }
    let (Some(first), Some(last)) = (number(begin), number(end)) else {
        return Err(format!("`{begin}` and `{end}` are not two numbers, nor two letters"));
    };
    let width = if begin.starts_with('0') && begin.len() > 1 { begin.len() } else { 0 };
    if width > 0 && width != end.len() {
        return Err(format!("`{begin}` and `{end}` are not of one length, as leading zeros ask for"));
    }
    if first > last {
        return Err(format!("`{begin}` comes after `{end}`, so it names no host"));
    }
    if (last - first) / i128::try_from(step).unwrap_or(i128::MAX) >= MAX_HOSTS as i128 {
        return Err(format!("it names more than {MAX_HOSTS} hosts"));
    }
    Ok((first..=last).step_by(step).map(|n| format!("{n:0>width$}")).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::expand;

    fn hosts(pattern: &str) -> String {
        match expand(pattern) {
            Ok((hosts, None)) => hosts.join(" "),
            Ok((hosts, Some(port))) => format!("{} port {port}", hosts.join(" ")),
            Err(why) => why,
        }
    }

    #[test]
    fn patterns_are_read_as_ansible_reads_them() {
        assert_eq!(
            hosts("web[01:05:2].example.org"),
            "web01.example.org web03.example.org web05.example.org"
        );
        assert_eq!(hosts("[a:c]"), "a b c");
        assert_eq!(hosts("x[9:11]"), "x9 x10 x11");
        assert_eq!(hosts("r[1:2]c[a:b]:22"), "r1ca r1cb r2ca r2cb port 22");
        assert_eq!(hosts("host:2222"), "host port 2222");
        assert_eq!(hosts("[2001:db8::1]:22"), "2001:db8::1 port 22");
        assert_eq!(hosts("2001:db8::1"), "2001:db8::1");
        assert_eq!(hosts("user@host:22"), "user@host:22");
        assert_eq!(hosts("host-:22"), "host-:22");
    }

    #[test]
    fn a_range_that_names_nothing_is_refused() {
        for bad in
            ["x[1:]", "x[3:1]", "x[1:2:0]", "x[01:100]", "x[1]", "x[1:2", "x[a:9]", "x[0:99999999]", "h:"]
        {
            assert!(expand(bad).is_err(), "{bad}");
        }
    }
}
