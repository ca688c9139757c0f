//! The answer: the sentence, when it began, what was read in one line, and how the likelihood is shared out.

use maud::{Markup, html};

use super::marks;
use crate::report::{
    NextQuestion, Report, Verdict,
    words::{self, Clock},
};

/// The head of the page.
pub fn head(report: &Report, clock: Clock) -> Markup {
    let (answer, share) = words::verdict(report);
    html! {
        header.hero.found[share.is_some()] {
            div.answer {
                p.kicker { "Investigation" @if let Some(day) = day(report) { " · " (day) } }
                h1 {
                    (answer)
                    @if let Some(share) = share { " " span.share { "(" (share) ")" } }
                }
                @for (place, sentence) in report.summary.iter().take(8).enumerate() {
                    p.summary.first[place == 0] { (words::sentence(sentence)) }
                }
                dl.facts {
                    @if let Some(onset) = &report.onset {
                        dt { "Began" }
                        dd { (words::began(onset, clock)) @if !onset.basis.is_empty() { span.basis { "from " (words::sentence(&onset.basis)) } } }
                    }
                    @if let Some(at) = report.asked.at {
                        dt { "Noticed" }
                        dd { "at " (clock.at(at)) " UTC" @if let Some(beside) = clock.beside(at) { ", " (beside) } }
                    }
                    dt { "Read" }
                    dd { (words::read(report)) }
                }
            }
            (likelihoods(report))
        }
    }
}

fn day(report: &Report) -> Option<String> {
    let time = report
        .onset
        .as_ref()
        .map(|onset| onset.at)
        .or(report.asked.at)
        .or(report.span.map(|span| span.from))?;
    Some(words::date(time))
}

fn likelihoods(report: &Report) -> Markup {
    let top = report.verdict == Verdict::Cause;
    html! {
        section.likelihoods aria-labelledby="likelihoods" {
            h2 #likelihoods { "How likely each is" }
            ol {
                @for (place, cause) in report.causes.iter().enumerate().take(8) {
                    li.top[top && (place == 0 || cause.in_addition)] {
                        a.name href=(format!("#cause-{}", place + 1)) title=(words::shown(&cause.component, words::NAME)) { (words::cut(&words::named(&cause.component), 34)) }
                        span.value { (words::percent(cause.likelihood)) }
                        (marks::bar(cause.likelihood, "cause"))
                        @if cause.in_addition { span.note { "in addition: a second fault of its own" } }
                    }
                }
                li.none.top[!top] {
                    span.name { "none of what was seen" }
                    span.value { (words::percent(report.none.likelihood)) }
                    (marks::bar(report.none.likelihood, "none"))
                }
            }
            p.fine { (share_note(report)) }
        }
    }
}

fn share_note(report: &Report) -> String {
    let named: f64 = report.causes.iter().map(|cause| cause.likelihood).sum::<f64>() + report.none.likelihood;
    let rest = 1.0 - named;
    if report.causes.iter().any(|cause| cause.in_addition) {
        return "A second fault is judged by itself, so the shares may sum to more than 100 %.".to_owned();
    }
    if rest >= 0.01 {
        return format!(
            "The remaining {} are spread over all other components.",
            words::percent(rest)
        );
    }
    "Shares of 100 %, over all components and “none”.".to_owned()
}

/// What to look at next, or what would help when no cause was found.
pub fn next(report: &Report) -> Markup {
    html! {
        section #next {
            h2 { "What to look at next" }
            @if report.next.is_empty() && report.none.would_help.is_empty() {
                p.empty { "No question is open. One would stand here if two causes were about equally likely, with how to find its answer." }
            }
            @if !report.next.is_empty() {
                ol.next { @for question in report.next.iter().take(12) { (asked(question)) } }
            }
            @if !report.none.would_help.is_empty() {
                p.lead { "What would help to find a cause:" }
                ul.would-help { @for help in report.none.would_help.iter().take(12) { li { (words::sentence(help)) } } }
            }
        }
    }
}

fn asked(question: &NextQuestion) -> Markup {
    let separates: Vec<String> = question
        .separates
        .iter()
        .take(5)
        .map(|name| words::named(name))
        .collect();
    html! {
        li {
            p.question { (words::sentence(&question.text)) }
            @if !question.how.is_empty() { p.how { (words::sentence(&question.how)) } }
            @if !separates.is_empty() { p.separates { "Separates " (separates.join(" from ")) } }
        }
    }
}
