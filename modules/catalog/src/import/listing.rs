//! The list of files: what became of each, and the findings about those that could not be read. Judges no content.

use std::collections::{BTreeSet, HashMap};

use super::{
    codes::Code,
    detect::{self, FileKind},
    landscape::{File, base_name},
    names::norm,
    report::{FileReport, FileStatus, Finding, InputFile, LeftOut, LeftOutKind, Place},
    tree::{ReadError, Syntax},
};

pub(super) fn report(file: &InputFile, kind: FileKind, status: FileStatus, note: String) -> FileReport {
    FileReport {
        path: file.path.clone(),
        kind: kind.name().to_owned(),
        status,
        note,
        services: 0,
    }
}

/// Fills in what is only known when all files were read; `originals` leads from each copy to the file it equals.
pub(super) fn finish(reports: &mut [FileReport], read: &[File], originals: &HashMap<&str, &str>) {
    let mut by_path: HashMap<&str, Vec<&File>> = HashMap::new();
    for file in read {
        by_path.entry(&file.path).or_default().push(file);
    }
    let kinds: HashMap<String, String> = reports
        .iter()
        .map(|report| (report.path.clone(), report.kind.clone()))
        .collect();
    for report in reports {
        let original = originals.get(report.path.as_str());
        if let Some(kind) = original.and_then(|original| kinds.get(*original)) {
            report.kind.clone_from(kind);
            continue;
        }
        for file in by_path.get(report.path.as_str()).into_iter().flatten() {
            let statements = file.content.statements.iter();
            let names: BTreeSet<String> = statements.map(|statement| norm(&statement.name)).collect();
            report.services += names.len();
            if let Some(version) = &file.superseded_by {
                report.status = FileStatus::Superseded;
                report.note = format!("superseded by {version}");
            }
        }
    }
}

/// Adds what was given and not read.
pub(super) fn add_left_out(left_out: &[LeftOut], reports: &mut Vec<FileReport>, findings: &mut Vec<Finding>) {
    for left in left_out {
        reports.push(FileReport {
            path: left.path.clone(),
            kind: left.kind.as_str().to_owned(),
            status: left.kind.status(),
            note: left.note.clone(),
            services: 0,
        });
        if left.kind == LeftOutKind::Unreadable {
            let place = Place {
                file: left.path.clone(),
                line: left.line.unwrap_or(1),
            };
            let message = format!(
                "{}: {}. Nothing of it was imported; make it readable and import again.",
                base_name(&left.path),
                left.note.trim_end_matches('.'),
            );
            findings.push(Finding::new(Code::Unreadable, place, message).with("problem", left.note.clone()));
        }
    }
    reports.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
    reports.dedup_by(|later, first| later.path == first.path);
}

/// A configuration file must be UTF-8: where it is not. Nothing for a file whose name is no configuration's, which is of no
/// interest.
pub(super) fn not_utf8(path: &str, bytes: &[u8]) -> Option<(Syntax, ReadError)> {
    let syntax = detect::syntax(path, "")?;
    let valid = bytes.utf8_chunks().next().map_or(0, |chunk| chunk.valid().len());
    let before = bytes.get(..valid).unwrap_or_default();
    let error = ReadError {
        line: before.split(|byte| *byte == b'\n').count(),
        column: before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1,
        message: "this is not UTF-8 text; save the file as UTF-8".to_owned(),
    };
    Some((syntax, error))
}

/// How a file that is no text, and so cannot be sent in JSON, is to be listed instead; nothing for text.
pub fn unsendable(file: &InputFile) -> Option<LeftOut> {
    std::str::from_utf8(&file.bytes).err()?;
    let (kind, note, line) = match not_utf8(&file.path, &file.bytes) {
        Some((_, error)) => (
            LeftOutKind::Unreadable,
            format!("line {}, column {}: {}", error.line, error.column, error.message),
            u32::try_from(error.line).ok(),
        ),
        None => (LeftOutKind::Binary, "it is no text".to_owned(), None),
    };
    Some(LeftOut {
        path: file.path.clone(),
        kind,
        note,
        line,
    })
}

/// The finding about a file that is meant for Mainstay and does not parse. Parsers place what is missing at the end behind the
/// last line; a person finds it in the last line that has something.
pub(super) fn unreadable(file: &InputFile, syntax: Syntax, error: &ReadError) -> Finding {
    let written = file.bytes.trim_ascii_end();
    let lines = written.split(|byte| *byte == b'\n').count();
    let (line, column) = if error.line > lines {
        let last = written.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        (lines, String::from_utf8_lossy(last).chars().count() + 1)
    } else {
        (error.line, error.column)
    };
    let place = Place {
        file: file.path.clone(),
        line: u32::try_from(line).unwrap_or(u32::MAX),
    };
    let message = format!(
        "{} line {line}, column {column}: {}. Nothing of this file was imported; mend it as {} and import again.",
        base_name(&file.path),
        error.message.trim_end_matches('.'),
        syntax.name(),
    );
    Finding::new(Code::Unreadable, place, message)
        .with("column", column)
        .with("problem", error.message.clone())
}

/// Orders findings by file and line, and drops what would be said twice.
pub(crate) fn sort(findings: &mut Vec<Finding>) {
    findings.sort_by(|a, b| {
        let rest = |finding: &Finding| (finding.line, finding.code, finding.id.clone());
        a.file
            .as_bytes()
            .cmp(b.file.as_bytes())
            .then_with(|| rest(a).cmp(&rest(b)))
    });
    findings.dedup_by(|a, b| a.id == b.id);
}
