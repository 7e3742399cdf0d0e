//! What is no HCL is said with its place.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use diag::{Severity, render_plain};
use support::cases;

fn first(file: &str, text: &str) -> (String, String) {
    let report = tofu::hcl::check(file, text.as_bytes());
    let fault = report.items.first().unwrap_or_else(|| panic!("nothing is found in {text:?}"));
    (fault.code.to_owned(), fault.place.as_ref().unwrap().to_string())
}

#[test]
fn good_texts_have_nothing_to_be_said_of() {
    for (name, text) in cases() {
        let report = tofu::hcl::check("a.tf", text.as_bytes());
        assert!(report.items.is_empty(), "{name}: {}", render_plain(&report));
    }
    assert!(tofu::hcl::check("a.tfvars.json", b"{\"a\": [1, {}]}").items.is_empty());
    assert!(tofu::hcl::check("a.tf", b"").items.is_empty());
    // Not OpenTofu's.
    assert!(tofu::hcl::check("a.conf", b"{{{").items.is_empty());
}

#[test]
fn faults_have_a_code_and_a_place() {
    for (file, text, code, place) in [
        ("x/a.tf", "a = 1\nb = \"x\n", "FW1510", "x/a.tf:2:5"),
        ("a.tf", "resource \"a\" \"b\" {\n  x = 1\n", "FW1510", "a.tf:1:18"),
        ("a.tf", "a = [1, 2\nb = 3\n", "FW1510", "a.tf:1:5"),
        ("a.tf", "a = max(1, {)\n", "FW1510", "a.tf:1:13"),
        ("a.tf", "a = 1\n}\n", "FW1510", "a.tf:2:1"),
        ("a.tf", "a = <<EOT\ntext\n", "FW1510", "a.tf:1:5"),
        ("a.tf", "a = \"${b\"\nc = 1\n", "FW1510", "a.tf:1:9"),
        ("a.tfvars", "address = \n", "FW1510", "a.tfvars:1:11"),
        ("a.tofu", "a = \n", "FW1510", "a.tofu:1:5"),
        ("a.tf", "a = 1\na = 2\n", "FW1512", "a.tf:2:1"),
        ("a.tf", "a = { x = 1, x = 2 }\n", "FW1512", "a.tf:1:14"),
        ("a.tf.json", "{\"a\": 1,}", "FW1501", "a.tf.json:1:9"),
    ] {
        assert_eq!(first(file, text), (code.to_owned(), place.to_owned()), "{text}");
    }
    assert_eq!(tofu::hcl::check("a.tf", b"a = 1\n\xff").items[0].code, "FW1507");
}

#[test]
fn what_is_too_deep_to_be_checked_is_no_fault() {
    let deep = format!("a = {}1{}\n", "(".repeat(80), ")".repeat(80));
    let report = tofu::hcl::check("a.tf", deep.as_bytes());
    assert_eq!((report.items[0].code, report.items[0].severity), ("FW1502", Severity::Warning));
    let deep = "[".repeat(100_000);
    assert_eq!(tofu::hcl::check("a.tf", format!("a = {deep}").as_bytes()).items.len(), 1);
    assert_eq!(first("a.tf.json", &deep).0, "FW1502");
}
