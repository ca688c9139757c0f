//! The report as JSON, for programs and for whoever draws it elsewhere. docs/reference/investigation-report.md says what each
//! field means and when the version changes.

use super::Report;

/// The whole document, indented by two spaces, ended by a line feed. Fields come in the order of the reference; numbers that are
/// not finite are null.
pub fn json(report: &Report) -> serde_json::Result<String> {
    serde_json::to_string_pretty(report).map(|text| text + "\n")
}

#[cfg(test)]
mod tests;
