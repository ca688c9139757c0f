//! The report of an import for people: findings by severity and file, the gravest first, then what became of the files, then the numbers. Colours are ANSI,
//! which `anstream` takes out where nobody sees them. Decides nothing about the import.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{Display, Write as _},
};

use clap::builder::styling::{AnsiColor, Style};
use mainstay_catalog::{
    Change, ChangeKind, Import, ImportFinding,
    import::{FileReport, FileStatus, Severity},
};
use serde_json::Value;

/// Paths listed under one reason, and services under one change, unless everything is asked for.
const SHOWN: usize = 8;
/// Kinds of files named under one status, unless everything is asked for.
const KINDS: usize = 6;
/// Characters shown of a line of a file.
const LINE: usize = 100;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const HEADING: Style = Style::new().bold().underline();

/// The whole report.
pub(super) fn render(report: &Import, verbose: bool) -> String {
    let mut text = String::new();
    findings(report, verbose, &mut text);
    proposals(report, &mut text);
    files(report, verbose, &mut text);
    changes(report, verbose, &mut text);
    summary(report, &mut text);
    text
}

fn paint(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

fn colour(severity: Severity) -> Style {
    match severity {
        Severity::Error => AnsiColor::Red.on_default().bold(),
        Severity::Warning => AnsiColor::Yellow.on_default().bold(),
        Severity::Info => AnsiColor::Cyan.on_default(),
    }
}

// Writing to a string cannot fail, here and below.
macro_rules! put {
    ($text:expr) => { $text.push('\n') };
    ($text:expr, $($part:tt)+) => { let _ = writeln!($text, $($part)+); };
}

fn findings(report: &Import, verbose: bool, text: &mut String) {
    if report.findings.is_empty() {
        put!(
            text,
            "{}\n",
            paint(
                AnsiColor::Green.on_default(),
                "The files contradict each other nowhere."
            )
        );
    }
    for (title, style, chosen) in groups(&report.findings) {
        if chosen.is_empty() {
            continue;
        }
        put!(text, "{}", paint(style, format_args!("{title} ({})", chosen.len())));
        let mut by_file: BTreeMap<&str, Vec<&ImportFinding>> = BTreeMap::new();
        for finding in chosen {
            by_file.entry(&finding.file).or_default().push(finding);
        }
        of_files(by_file, verbose, text);
    }
}

/// The findings of each severity, the gravest first, and last those that somebody has accepted.
fn groups(findings: &[ImportFinding]) -> [(&'static str, Style, Vec<&ImportFinding>); 4] {
    let open = |severity: Severity| {
        let of_severity = move |finding: &&ImportFinding| !finding.accepted && finding.severity == severity;
        findings.iter().filter(of_severity).collect()
    };
    let accepted = findings.iter().filter(|finding| finding.accepted).collect();
    [
        ("Errors", colour(Severity::Error), open(Severity::Error)),
        ("Warnings", colour(Severity::Warning), open(Severity::Warning)),
        ("For information", colour(Severity::Info), open(Severity::Info)),
        ("Accepted", DIM, accepted),
    ]
}

fn of_files(by_file: BTreeMap<&str, Vec<&ImportFinding>>, verbose: bool, text: &mut String) {
    for (file, findings) in by_file {
        put!(text, "{}", paint(HEADING, clean(file)));
        let width = findings
            .iter()
            .map(|finding| finding.line)
            .max()
            .unwrap_or_default()
            .to_string()
            .len();
        for finding in findings {
            one_finding(finding, width, verbose, text);
        }
        put!(text);
    }
}

fn one_finding(finding: &ImportFinding, width: usize, verbose: bool, text: &mut String) {
    let severity = if finding.accepted {
        paint(DIM, "accepted")
    } else {
        paint(
            colour(finding.severity),
            format_args!("{:<8}", finding.severity.as_str()),
        )
    };
    let code = paint(DIM, format_args!("[{}]", finding.code));
    put!(
        text,
        "  {:>width$}  {severity} {} {code}",
        finding.line,
        clean(&finding.message)
    );
    if finding.accepted || (finding.severity == Severity::Info && !verbose) {
        return;
    }
    let blank = "";
    for line in &finding.excerpt {
        let is_it = line.line == finding.line;
        if verbose || (is_it && !line.text.trim().is_empty()) {
            let number = if verbose { line.line.to_string() } else { String::new() };
            let shown = cut(&line.text);
            let shown = if is_it { shown } else { paint(DIM, shown) };
            put!(text, "  {number:>width$}  {} {shown}", paint(DIM, "│"));
        }
    }
    for other in finding.also.iter().filter(|_| verbose) {
        let place = format!("{}:{}", other.file, other.line);
        put!(
            text,
            "  {blank:>width$}  {} {}",
            paint(DIM, format_args!("see {place} │")),
            cut(other.text.trim_start())
        );
    }
}

/// The text without what moves a terminal's cursor: files may hold anything.
fn clean(text: &str) -> String {
    text.chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .collect()
}

/// At most [`LINE`] characters.
fn cut(line: &str) -> String {
    match line.char_indices().nth(LINE) {
        Some((end, _)) => clean(line.get(..end).unwrap_or(line)) + "…",
        None => clean(line),
    }
}

fn proposals(report: &Import, text: &mut String) {
    if report.proposals.is_empty() {
        return;
    }
    put!(text, "{}", paint(HEADING, "Possible aliases"));
    for proposal in &report.proposals {
        let alias = format!("--alias {}={}", proposal.name, proposal.matches);
        put!(text, "  {alias}");
    }
    put!(text);
}

fn files(report: &Import, verbose: bool, text: &mut String) {
    put!(text, "{}", paint(HEADING, "Files"));
    for (status, word) in [
        (FileStatus::Read, "read"),
        (FileStatus::Recognised, "recognised, not used"),
        (FileStatus::Superseded, "superseded"),
        (FileStatus::Unknown, "unknown"),
        (FileStatus::Failed, "failed"),
    ] {
        let of_status: Vec<&FileReport> = report.files.iter().filter(|file| file.status == status).collect();
        if of_status.is_empty() {
            continue;
        }
        let count = of_status.len();
        if matches!(status, FileStatus::Unknown | FileStatus::Failed) {
            put!(text, "  {count:>5}  {}", paint(urgency(status), word));
            listed(&of_status, verbose, text);
        } else {
            put!(
                text,
                "  {count:>5}  {word:<21} {}",
                paint(DIM, kinds(&of_status, verbose))
            );
            if verbose {
                listed(&of_status, verbose, text);
            }
        }
    }
    put!(text);
}

fn urgency(status: FileStatus) -> Style {
    if status == FileStatus::Failed {
        colour(Severity::Error)
    } else {
        AnsiColor::Yellow.on_default()
    }
}

/// What the files are, the most frequent first.
fn kinds(files: &[&FileReport], verbose: bool) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for file in files {
        *counts.entry(&file.kind).or_default() += 1;
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let shown = if verbose { counts.len() } else { KINDS };
    let named = counts.iter().take(shown).map(|(kind, count)| format!("{count} {kind}"));
    let rest: usize = counts.iter().skip(shown).map(|(_, count)| count).sum();
    let rest = (rest > 0).then(|| format!("{rest} others"));
    named.chain(rest).collect::<Vec<_>>().join(", ")
}

/// The files under the reason they share.
fn listed(files: &[&FileReport], verbose: bool, text: &mut String) {
    let mut by_note: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for file in files {
        by_note.entry(&file.note).or_default().push(&file.path);
    }
    for (note, paths) in by_note {
        if !note.is_empty() {
            put!(text, "         {}", paint(DIM, format_args!("{note}:")));
        }
        let shown = if verbose { paths.len() } else { SHOWN };
        for path in paths.iter().take(shown) {
            put!(text, "           {}", clean(path));
        }
        if let Some(more) = paths.len().checked_sub(shown).filter(|more| *more > 0) {
            put!(
                text,
                "           {}",
                paint(DIM, format_args!("… and {more} more, which --verbose lists"))
            );
        }
    }
}

fn changes(report: &Import, verbose: bool, text: &mut String) {
    if report.changes.is_empty() {
        return;
    }
    put!(text, "{}", paint(HEADING, "Changes"));
    for (kind, word) in [
        (ChangeKind::Added, "added"),
        (ChangeKind::Removed, "removed"),
        (ChangeKind::Changed, "changed"),
        (ChangeKind::Kept, "kept"),
    ] {
        let of_kind: Vec<&Change> = report.changes.iter().filter(|change| change.change == kind).collect();
        let shown = if verbose { of_kind.len() } else { SHOWN };
        let services: BTreeSet<&str> = of_kind.iter().map(|change| change.service.as_str()).collect();
        if of_kind.iter().all(|change| change.field.is_none()) {
            if !services.is_empty() {
                let names: Vec<&str> = services.iter().copied().take(shown).collect();
                let more = services.len() - names.len();
                let more = if more > 0 {
                    format!(" and {more} more")
                } else {
                    String::new()
                };
                put!(text, "  {word:<8} {}{more}", names.join(", "));
            }
            continue;
        }
        for change in of_kind.iter().take(shown) {
            let field = change.field.as_deref().unwrap_or("the service");
            let (before, after) = (value(&change.before), value(&change.after));
            let meaning = if kind == ChangeKind::Kept {
                format!("{before}, as a person wrote; the files say {after}")
            } else {
                format!("{before} → {after}")
            };
            put!(text, "  {word:<8} {} {field}: {meaning}", paint(BOLD, &change.service));
        }
        if let Some(more) = of_kind.len().checked_sub(shown).filter(|more| *more > 0) {
            put!(
                text,
                "  {word:<8} {}",
                paint(DIM, format_args!("{more} more, which --verbose lists"))
            );
        }
    }
    put!(text);
}

/// A value as a person would write it; lists by their names.
fn value(value: &Value) -> String {
    let text = match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => {
            let name = |item: &Value| {
                let name = item.get("service").or_else(|| item.get("title"));
                name.and_then(Value::as_str)
                    .map_or_else(|| item.to_string(), str::to_owned)
            };
            items.iter().map(name).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    cut(&text)
}

fn summary(report: &Import, text: &mut String) {
    let numbers = &report.summary;
    let part = |count: usize, word: &str, severity: Severity| {
        let text = counted(count, word);
        if count == 0 {
            text
        } else {
            paint(colour(severity), text)
        }
    };
    let nothing = if report.dry_run {
        " Nothing was changed (dry run)."
    } else {
        ""
    };
    put!(
        text,
        "{}, {}: {}, {}, {}.{nothing}",
        paint(BOLD, counted(numbers.files, "file")),
        paint(BOLD, counted(numbers.services, "service")),
        part(numbers.errors, "error", Severity::Error),
        part(numbers.warnings, "warning", Severity::Warning),
        part(numbers.infos, "info", Severity::Info),
    );
}

fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests;
