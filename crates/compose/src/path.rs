//! Where in a project a value is, and patterns of such paths.

/// Keys from the top: `["services", "web", "ports"]`.
pub(crate) type Path = Vec<String>;

/// True when the path has these keys; `*` stands for any key.
pub(crate) fn matches(path: &[String], pattern: &[&str]) -> bool {
    path.len() == pattern.len() && path.iter().zip(pattern).all(|(key, p)| *p == "*" || key == p)
}

/// The path as people write it.
pub(crate) fn shown(path: &[String]) -> String {
    path.join(".")
}

/// A path of a file: `~` is the home folder, relative ones are in `directory`; `.` and `..` are resolved in the
/// text alone.
pub(crate) fn join(directory: &str, path: &str, home: Option<&str>) -> String {
    if let (Some(rest), Some(home)) = (path.strip_prefix('~'), home)
        && (rest.is_empty() || rest.starts_with('/'))
    {
        return clean(&format!("{home}{rest}"));
    }
    if path.starts_with('/') {
        return clean(path);
    }
    clean(&format!("{directory}/{path}"))
}

/// The folder a file is in: `.` for a bare name.
pub(crate) fn folder(file: &str) -> String {
    match file.rsplit_once('/') {
        Some(("", _)) => "/".to_owned(),
        Some((folder, _)) => clean(folder),
        None => ".".to_owned(),
    }
}

/// A path without `.`, empty parts, and `..` after a name.
pub(crate) fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(&"..") => parts.push(part),
                Some(_) => {
                    parts.pop();
                }
                None if rooted => {}
                None => parts.push(part),
            },
            part => parts.push(part),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_as_go_cleans_them() {
        for (path, cleaned) in [
            ("a/../b/./c//", "b/c"),
            ("/..", "/"),
            ("", "."),
            ("../../x", "../../x"),
            ("a/..", "."),
            ("/a/b", "/a/b"),
        ] {
            assert_eq!(clean(path), cleaned, "{path}");
        }
        assert_eq!(join("/p", "./x", None), "/p/x");
        assert_eq!(join("/p", "~/x", Some("/home/me")), "/home/me/x");
        assert_eq!(join("/p", "~x", Some("/home/me")), "/p/~x");
        assert_eq!(
            (folder("a.yaml").as_str(), folder("x/y/a.yaml").as_str(), folder("/a").as_str()),
            (".", "x/y", "/")
        );
    }
}
