//! The kind of template that knows `{{NAME}}` only.

#![allow(clippy::unwrap_used, clippy::panic)]

use diag::Report;
use jinja::simple::fill;
use proptest::prelude::*;

#[test]
fn only_names_in_capitals_are_replaced_and_values_stay_as_they_are() {
    let value = |name: &str| {
        Some(match name {
            "A_1" => "= & | / $ ' \" \\ \n {{B}} %s".to_owned(),
            "EMPTY" => String::new(),
            other => other.to_lowercase(),
        })
    };
    let mut report = Report::new();
    let template = "x={{A_1}}\n{{ A }} {{a}} {{{B}}} {{EMPTY}} ${C} {{}} {{X{{Y}} {% if %} {#\r\n{{Z}}";
    let filled = fill("a.env", template, &value, &mut report).unwrap();
    assert_eq!(
        filled.text,
        "x== & | / $ ' \" \\ \n {{B}} %s\n{{ A }} {{a}} {b}  ${C} {{}} {{Xy {% if %} {#\r\nz"
    );
    assert_eq!(filled.names.into_iter().collect::<Vec<_>>(), ["A_1", "B", "EMPTY", "Y", "Z"]);
    assert!(report.items.is_empty());
}

#[test]
fn each_name_without_a_value_is_told_with_its_place() {
    let mut report = Report::new();
    assert_eq!(fill("a.env", "{{A}}\n  {{B}} {{OK}}", &|n| (n == "OK").then(String::new), &mut report), None);
    let said = diag::render_plain(&report);
    assert!(said.contains("error[FW1307] a.env:1:1: `A` has no value"), "{said}");
    assert!(said.contains("error[FW1307] a.env:2:3: `B` has no value"), "{said}");
}

proptest! {
    #[test]
    fn text_without_fields_stays(text in "[^{]{0,60}") {
        let mut report = Report::new();
        let filled = fill("t", &text, &|_| None, &mut report).unwrap();
        prop_assert_eq!(filled.text, text);
    }

    #[test]
    fn any_text_is_filled(text in "[{}A-Z_a-z \n]{0,60}") {
        let mut report = Report::new();
        prop_assert!(fill("t", &text, &|n| Some(n.to_owned()), &mut report).is_some());
    }
}
