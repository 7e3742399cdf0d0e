//! A secret described with what does not fit its kind.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Report;
use secret::declared::Origin;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for declared in facts.fleet.secrets.values() {
        let mut report = Report::new();
        let _ = Origin::read(declared, &mut report);
        for mut found in report.items {
            found.code = codes::SECRET_OPTION;
            out.push(found);
        }
    }
}
