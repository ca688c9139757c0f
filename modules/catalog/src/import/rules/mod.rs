//! The comparisons: each group of rules reads the landscape and says what is wrong. The codes are defined in
//! `tests/golden/CODES.md`, one definition for people and for these rules.

mod cycles;
mod dependencies;
mod documents;
mod endpoints;
mod names;
mod objectives;
mod ports;
mod prometheus;
mod promql;
mod routes;
mod undefined;
mod versions;

use super::{
    codes::Severity,
    landscape::{File, Landscape},
    report::Finding,
};

/// Everything that is wrong, in no particular order.
pub(crate) fn compare(landscape: &Landscape<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    documents::check(landscape, &mut findings);
    names::check(landscape, &mut findings);
    dependencies::check(landscape, &mut findings);
    cycles::check(landscape, &mut findings);
    let unserved = endpoints::check(landscape, &mut findings);
    ports::check(landscape, &unserved, &mut findings);
    objectives::check(landscape, &mut findings);
    undefined::check(landscape, &mut findings);
    prometheus::check(landscape, &mut findings);
    routes::check(landscape, &mut findings);
    versions::check(landscape, &mut findings);
    findings
}

/// What is wrong with a superseded file by itself is worth knowing and no more.
fn soften(finding: Finding, file: &File) -> Finding {
    match &file.superseded_by {
        Some(version) => finding.severity(Severity::Info).with("superseded_by", version.clone()),
        None => finding,
    }
}

/// Words for a list: `a`, `a and b`, `a, b and c`.
fn list<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    match items.split_last() {
        None => "nothing".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}
