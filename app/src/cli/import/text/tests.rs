//! What a person sees of a report.

use mainstay_catalog::{
    import::{ImportOptions, InputFile},
    preview,
};
use mainstay_kernel::World;

use super::*;

fn file(path: &str, content: &str) -> InputFile {
    InputFile {
        path: path.to_owned(),
        bytes: content.as_bytes().to_vec(),
    }
}

fn report(files: &[InputFile]) -> Import {
    let world = World::system();
    preview(
        files,
        &ImportOptions::default(),
        &super::super::validators(),
        world.id(),
        world.now(),
    )
}

/// What a terminal shows, without the colours.
fn plain(report: &Import, verbose: bool) -> String {
    anstream::adapter::strip_str(&render(report, verbose)).to_string()
}

#[test]
fn findings_stand_under_their_severity_and_file_and_the_numbers_come_last() {
    let report = report(&[
        file("b/broken.yaml", "a: ["),
        file(
            "a/fleet.yaml",
            "apiVersion: mainstay/v1\nkind: Slo\nmetadata: {name: web}\nspec: {service: web, objective: 100}\n",
        ),
    ]);
    let text = plain(&report, false);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..2], ["Errors (3)", "a/fleet.yaml"], "{text}");
    assert!(
        lines[2].contains("error") && lines[2].ends_with("[invalid-declaration]"),
        "{text}"
    );
    assert_eq!(lines[3].trim(), "│ metadata: {name: web}");
    assert!(lines.contains(&"b/broken.yaml"), "{text}");
    let last = lines.last().unwrap();
    assert!(
        last.starts_with("2 files, 0 services: 3 errors") && last.ends_with("(dry run)."),
        "{text}"
    );
    assert!(render(&report, false).contains("\u{1b}["), "a terminal sees colours");
}

#[test]
fn the_errors_of_every_file_come_before_what_is_only_information() {
    let service =
        |name: &str| format!("apiVersion: mainstay/v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{}}\n---\n");
    let slo = |name: &str, objective: u8| {
        format!(
            "apiVersion: mainstay/v1\nkind: Slo\nmetadata: {{name: {name}}}\nspec: {{service: web, objective: {objective}}}\n"
        )
    };
    let report = report(&[
        file(
            "a.yaml",
            &format!("{}{}{}", service("api"), service("web"), slo("good", 99)),
        ),
        file("b.yaml", &slo("bad", 100)),
    ]);
    let text = plain(&report, false);
    let at = |word: &str| {
        text.lines()
            .position(|line| line == word)
            .unwrap_or_else(|| panic!("{word}: {text}"))
    };
    assert!(at("Errors (2)") < at("b.yaml"), "{text}");
    assert!(at("b.yaml") < at("For information (1)"), "{text}");
    assert!(at("For information (1)") < at("a.yaml"), "{text}");
}

#[test]
fn a_long_list_of_files_is_counted_and_verbose_shows_all() {
    let files: Vec<InputFile> = (0..30)
        .map(|at| file(&format!("notes-{at:02}.txt"), &format!("{at}")))
        .collect();
    let report = report(&files);
    let short = plain(&report, false);
    assert!(
        short.contains("30  unknown") && short.contains("and 22 more"),
        "{short}"
    );
    assert!(plain(&report, true).contains("notes-29.txt"));
}

#[test]
fn a_line_of_a_file_moves_no_cursor() {
    assert_eq!(cut("a\u{1b}[2Jb"), "a [2Jb");
    assert_eq!(cut(&"x".repeat(LINE + 1)).chars().count(), LINE + 1);
}
