//! `mainstay config check`: what is in force, where it came from, and everything that is wrong with it. Opens no database.

use std::fmt::Write as _;

use clap::{
    Args,
    builder::styling::{AnsiColor, Style},
};
use serde::Serialize;

use super::{NO, OK, Output, ServerArgs, output::table};
use crate::config::{ConfigError, Finding, Setting, Severity, TakesEffect, explain};

/// Flags of `config check`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 nothing is wrong (warnings aside), 1 there are errors, or warnings with --strict, \
                        2 the file cannot be read."
)]
pub struct ConfigCheckArgs {
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: Output,
    /// Exit with 1 also when there are only warnings, such as an unknown key
    #[arg(long)]
    strict: bool,
}

/// What the check found.
#[derive(Debug, Serialize)]
struct Report {
    /// The file that was read; absent without one.
    file: Option<String>,
    /// Whether `mainstay up` would start with this.
    starts: bool,
    /// What is wrong.
    errors: Vec<Finding>,
    /// What is probably a mistake.
    warnings: Vec<Finding>,
    /// Every effective setting; none when a value is of the wrong type.
    settings: Vec<Setting>,
}

/// Prints the effective configuration and what is wrong with it.
pub fn run(args: &ConfigCheckArgs) -> anyhow::Result<u8> {
    let (file, findings, settings) = match args.server.load() {
        Ok(loaded) => (loaded.file.clone(), loaded.findings(), explain(&loaded)),
        Err(ConfigError::Wrong { file, finding }) => (file, vec![finding], Vec::new()),
        Err(unreadable @ ConfigError::Unreadable { .. }) => return Err(unreadable.into()),
    };
    let (warnings, errors): (Vec<_>, Vec<_>) = findings
        .into_iter()
        .partition(|finding| finding.severity == Severity::Warning);
    let report = Report {
        file: file.map(|file| file.display().to_string()),
        starts: !errors.iter().any(|error| error.severity == Severity::Refused),
        errors,
        warnings,
        settings,
    };
    args.output.print(&report, render)?;
    let doubted = args.strict && !report.warnings.is_empty();
    Ok(if report.errors.is_empty() && !doubted { OK } else { NO })
}

/// The settings first, so that what is wrong stands where it is seen: at the end.
fn render(report: &Report) -> String {
    let mut text = String::new();
    if !report.settings.is_empty() {
        let rows = report.settings.iter().map(|setting| {
            let takes_effect = match setting.takes_effect {
                TakesEffect::Reload => "reload",
                TakesEffect::Restart => "restart",
            };
            [
                setting.key.clone(),
                setting.value.clone(),
                setting.from.clone(),
                takes_effect.to_owned(),
            ]
        });
        text = table(["KEY", "VALUE", "FROM", "CHANGES WITH A"], rows);
        text.push_str("\n\n");
    }
    let red = AnsiColor::Red.on_default().bold();
    let yellow = AnsiColor::Yellow.on_default().bold();
    for error in &report.errors {
        line(&mut text, red, "error", error);
    }
    for warning in &report.warnings {
        line(&mut text, yellow, "warning", warning);
    }
    let (errors, warnings) = (report.errors.len(), report.warnings.len());
    let verdict = match (report.starts, errors, warnings) {
        (false, ..) => "`mainstay up` refuses to start with this configuration.",
        (true, 0, 0) => "Nothing is wrong with this configuration.",
        (true, 0, _) => "`mainstay up` starts with this configuration.",
        (true, ..) => "`mainstay up` starts with this configuration, without what is named above.",
    };
    // Writing to a string cannot fail, here and below.
    let _ = match (errors, warnings) {
        (0, 0) => writeln!(text, "{verdict}"),
        _ => writeln!(
            text,
            "{}, {}: {verdict}",
            counted(errors, "error"),
            counted(warnings, "warning")
        ),
    };
    text
}

fn line(text: &mut String, style: Style, word: &str, finding: &Finding) {
    let _ = writeln!(text, "{style}{word}{style:#}: {finding}");
}

fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}
