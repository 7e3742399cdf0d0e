//! The page of each diagnostic code, as `docs/codes` has it.

include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// The page of a code (`FW0201`), in Markdown: what it means, an example, the way out.
pub fn explain(code: &str) -> Option<&'static str> {
    let code = code.trim().to_ascii_uppercase();
    let at = PAGES.binary_search_by(|(page, _)| (*page).cmp(&code)).ok()?;
    PAGES.get(at).map(|(_, text)| *text)
}

/// All pages, by code.
pub fn pages() -> &'static [(&'static str, &'static str)] {
    PAGES
}
