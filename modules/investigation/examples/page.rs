//! Draws a sample report: `cargo run -p mainstay-investigation --example page -- full > report.html`. The samples are full,
//! small, two-faults, none-found, almost-empty, hostile and many-components; `--text` draws them for a terminal, `--json` prints them.

use std::io::Write;

// The samples are written against the module they stand in; here that is this file.
use mainstay_investigation::report::{
    Asked, Cause, Change, Component, ComponentState, Finding, Input, InputKind, Map, MessageChange, MessageRate,
    Missing, Moment, NextQuestion, NoCause, Onset, Panel, Question, Report, Share, Span, Style, UsedWord, VERSION,
    Verdict, json, page, text,
};

#[path = "../src/report/sample/mod.rs"]
mod sample;

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let report = match arguments.first().map(String::as_str) {
        Some("small") => sample::small(),
        Some("two-faults") => sample::two_faults(),
        Some("none-found") => sample::none_found(),
        Some("almost-empty") => sample::almost_empty(),
        Some("hostile") => sample::hostile(),
        Some("many-components") => sample::many_components(),
        _ => sample::full(),
    };
    let drawn = match arguments.get(1).map(String::as_str) {
        Some("--text") => text(
            &report,
            Style {
                colour: true,
                width: 80,
            },
        ),
        Some("--json") => json(&report)?,
        _ => page(&report),
    };
    std::io::stdout().write_all(drawn.as_bytes())
}
