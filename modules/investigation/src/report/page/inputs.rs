//! What stands behind it all: changes, what was asked, what was read and why it was taken for that, and what was not there.

use maud::{Markup, html};

use super::{marks, quotes::Quotes};
use crate::report::{
    Change, Input, Report,
    words::{self, Clock},
};

const CHANGES: usize = 40;
const INPUTS: usize = 100;
const PROBLEMS: usize = 4;
/// Sources whose problems are told.
const TROUBLED: usize = 30;

/// Configuration and deploys.
pub fn changes(report: &Report, clock: Clock, quotes: &Quotes) -> Markup {
    html! {
        section #changes {
            h2 { "Changes before the onset" }
            @if report.changes.is_empty() {
                p.empty { "No change is known. Two versions of a configuration, a diff, or a list of deploys would be compared here." }
            } @else {
                ol.changes { @for change in report.changes.iter().take(CHANGES) { (changed(change, clock, quotes)) } }
            }
            @if report.changes.len() > CHANGES {
                p.left-out { (words::plural(report.changes.len() - CHANGES, "more change is", "more changes are")) " in the JSON form." }
            }
        }
    }
}

fn changed(change: &Change, clock: Clock, quotes: &Quotes) -> Markup {
    html! {
        li {
            div.when {
                @if let Some(at) = change.at {
                    time datetime=(words::stamp(at)) { (clock.at(at)) }
                    @if let Some(offset) = clock.offset(at) { span.offset { (offset) } }
                } @else { span.offset { "time unknown" } }
            }
            div.said {
                p {
                    @if let Some(component) = &change.component { b { (words::named(component)) } " " }
                    (words::sentence(&change.what))
                }
                @if let Some(risk) = &change.risk { p.risk { (words::sentence(risk)) } }
                p.meta { "matters: " (marks::certainty(change.certainty)) }
                @match change.quotes.as_slice() {
                    [before, after] => details.quotes open {
                        summary { "Before and after" }
                        div.pair {
                            div { h4 { "Before" } (quotes.all(std::slice::from_ref(before))) }
                            div { h4 { "After" } (quotes.all(std::slice::from_ref(after))) }
                        }
                    },
                    others => (quotes.unfold(others)),
                }
            }
        }
    }
}

/// What was read, what was not, and what was asked.
pub fn read(report: &Report, clock: Clock) -> Markup {
    html! {
        section #read {
            h2 { "What was read" }
            @if report.inputs.is_empty() {
                p.empty { "Nothing was read. Give files, folders or archives: each is listed here with what it was taken for and why." }
            } @else { (table(report, clock)) }
            (problems(report))
            @if !report.not_looked_at.is_empty() {
                h3 { "Not looked at, as it was not there" }
                dl.missing {
                    @for missing in report.not_looked_at.iter().take(12) {
                        dt { (marks::of_kind(missing.kind)) (words::kind(missing.kind)) }
                        dd { (words::sentence(&missing.would_show)) }
                    }
                }
            }
            (asked(report, clock))
        }
    }
}

fn table(report: &Report, clock: Clock) -> Markup {
    html! {
        div.wide tabindex="0" role="group" aria-label="What was read" {
            table.inputs {
                thead { tr { th { "Source" } th { "Taken for" } th { "Because" } th.number { "Items" } th.number { "Size" } th { "From, to (UTC)" } } }
                tbody { @for input in report.inputs.iter().take(INPUTS) { (row(input, clock)) } }
            }
        }
        @if report.inputs.len() > INPUTS {
            p.left-out { (words::plural(report.inputs.len() - INPUTS, "more source is", "more sources are")) " in the JSON form." }
        }
    }
}

fn row(input: &Input, clock: Clock) -> Markup {
    html! {
        tr {
            th.file scope="row" {
                code { (words::shown(&input.file, words::NAME)) }
                @if let Some(member) = &input.member { code.member { "› " (words::shown(member, words::NAME)) } }
                @if input.baseline { span.chip { "baseline" } }
            }
            td { span.kind { (marks::of_kind(input.kind)) (words::kind(input.kind)) } span.format { (words::shown(&input.format, words::NAME)) } }
            td { (words::sentence(&input.reason)) " " (marks::certainty(input.certainty)) }
            td.number { (words::count(input.items)) span.unit { " " (words::items(input.kind, input.items)) } }
            td.number.nowrap { (words::bytes(input.bytes)) }
            td.span.nowrap { @if let Some(span) = input.span { (clock.at(span.from)) " – " br; (clock.at(span.to)) } @else { "no times" } }
        }
    }
}

fn problems(report: &Report) -> Markup {
    let troubled: Vec<&Input> = report
        .inputs
        .iter()
        .filter(|input| !input.problems.is_empty())
        .collect();
    html! {
        @if !troubled.is_empty() {
            h3 { "What could not be read, or was left out" }
            dl.problems {
                @for input in troubled.iter().take(TROUBLED) {
                    dt { code { (words::shown(&input.file, words::NAME)) @if let Some(member) = &input.member { " › " (words::shown(member, words::NAME)) } } }
                    @for problem in input.problems.iter().take(PROBLEMS) { dd { (words::sentence(problem)) } }
                    @if input.problems.len() > PROBLEMS {
                        dd.left-out { (words::plural(input.problems.len() - PROBLEMS, "more is", "more are")) " in the JSON form." }
                    }
                }
            }
            @if troubled.len() > TROUBLED {
                p.left-out { (words::plural(troubled.len() - TROUBLED, "more source is", "more sources are")) " in the JSON form." }
            }
        }
    }
}

fn asked(report: &Report, clock: Clock) -> Markup {
    let asked = &report.asked;
    let list = |paths: &[String]| {
        let mut line: Vec<String> = paths
            .iter()
            .take(20)
            .map(|path| words::shown(path, words::NAME))
            .collect();
        if paths.len() > line.len() {
            line.push(format!("and {} more", paths.len() - line.len()));
        }
        line.join(", ")
    };
    html! {
        h3 { "What was asked" }
        dl.asked {
            @if let Some(question) = &asked.question {
                dt { "Question" }
                dd {
                    q { (words::sentence(&question.text)) }
                    @if question.used.is_empty() {
                        p.fine { "None of its words were found in the evidence, so it narrowed nothing." }
                    } @else {
                        ul.used {
                            @for used in question.used.iter().take(20) {
                                li { mark { (words::shown(&used.word, words::NAME)) } " taken for " (words::shown(&used.taken_for, words::NAME)) }
                            }
                        }
                    }
                }
            }
            dt { "Evidence" }
            dd { @if asked.paths.is_empty() { "none given" } @else { code { (list(&asked.paths)) } } }
            @if !asked.baseline.is_empty() { dt { "What is normal" } dd { code { (list(&asked.baseline)) } } }
            @if let Some(topology) = &asked.topology { dt { "Who calls whom" } dd { code { (words::shown(topology, words::NAME)) } } }
            @if let Some(at) = asked.at { dt { "Noticed" } dd { (clock.at(at)) " UTC, " (words::date(at)) } }
        }
    }
}
