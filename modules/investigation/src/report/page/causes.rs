//! The causes, a card each: what is wrong, what its likelihood is made of, and what speaks for and against it.

use maud::{Markup, html};

use super::{marks, quotes::Quotes};
use crate::report::{
    Cause, Finding, Report, Share,
    words::{self, Clock},
};

/// Facts on one side of a cause.
const FACTS: usize = 16;
/// Facts in full view; the others unfold.
const FIRST: usize = 5;
const SHARES: usize = 12;
/// Causes; a report has at most five.
const CAUSES: usize = 5;

/// The section.
pub fn section(report: &Report, clock: Clock, quotes: &Quotes) -> Markup {
    let found = !words::blamed(report).is_empty();
    html! {
        section #causes {
            h2 { @if found { "Likely causes" } @else { "What comes nearest to a cause" } }
            @if report.causes.is_empty() {
                p.empty { "Nothing that was read speaks for any component. With evidence, each likely cause is a card here, with the lines that show it." }
            }
            @for (place, cause) in report.causes.iter().enumerate().take(CAUSES) { (card(place, cause, found, clock, quotes)) }
        }
    }
}

fn card(place: usize, cause: &Cause, found: bool, clock: Clock, quotes: &Quotes) -> Markup {
    let inner = html! {
        div.card-body {
            (shares(&cause.shares))
            div.sides {
                (side("Speaks for it", "for", &cause.supporting, clock, quotes))
                (side("Speaks against it", "against", &cause.contradicting, clock, quotes))
            }
        }
    };
    html! {
        article.card.first[found && (place == 0 || cause.in_addition)] id=(format!("cause-{}", place + 1)) {
            div.card-head {
                span.rank { (place + 1) }
                h3 { (words::named(&cause.component)) }
                span.share { (words::percent(cause.likelihood)) }
                @if cause.in_addition { span.chip { "in addition" } }
                p { (words::sentence(&cause.summary)) }
            }
            // The first is open; of the others the sentence is enough until somebody asks.
            @if place == 0 || cause.in_addition { (inner) } @else {
                details.fold {
                    summary {
                        (words::plural(cause.supporting.len(), "fact", "facts")) " for it, " (cause.contradicting.len()) " against"
                    }
                    (inner)
                }
            }
        }
    }
}

fn shares(shares: &[Share]) -> Markup {
    let most = shares
        .iter()
        .map(|share| share.weight.abs())
        .filter(|weight| weight.is_finite())
        .fold(0.1, f64::max);
    html! {
        @if !shares.is_empty() {
            div.shares {
                h4 { "What the likelihood is made of" }
                ul {
                    @for share in shares.iter().take(SHARES) {
                        li title=(format!("strength {}", words::percent(share.strength))) {
                            span.mechanism { (words::shown(&share.mechanism, words::NAME)) }
                            span.strength { (words::percent(share.strength)) }
                            (weight(share.weight / most))
                            span.value { (words::odds(share.weight)) }
                        }
                    }
                }
                p.fine { "The per cent say how strongly each shows; the bars how much it raises (right) or lowers (left) the odds." }
            }
        }
    }
}

/// A bar from the middle: to the right it speaks for, to the left against.
fn weight(part: f64) -> Markup {
    let half = if part.is_finite() {
        part.abs().min(1.0) * 50.0
    } else {
        0.0
    };
    let left = if part < 0.0 { 50.0 - half } else { 50.0 };
    html! {
        svg.bar.weight.against[part < 0.0] width="100%" height="10" aria-hidden="true" {
            rect.ground width="100%" height="10" rx="2" {}
            rect.fill x=(format!("{left:.1}%")) width=(format!("{half:.1}%")) height="10" {}
            line.middle x1="50%" x2="50%" y1="0" y2="10" {}
        }
    }
}

fn side(title: &str, class: &str, facts: &[Finding], clock: Clock, quotes: &Quotes) -> Markup {
    let (first, more) = facts.split_at(FIRST.min(facts.len()));
    html! {
        div class=(format!("side {class}")) {
            h4 { (title) }
            @if facts.is_empty() {
                p.none { @if class == "for" { "No passage shows it by itself." } @else { "Nothing was found." } }
            }
            ul.facts-list { @for found in first { (fact(found, clock, quotes)) } }
            @if !more.is_empty() {
                details.fold {
                    summary { (words::plural(more.len(), "more fact", "more facts")) }
                    ul.facts-list { @for found in more.iter().take(FACTS - FIRST) { (fact(found, clock, quotes)) } }
                    @if more.len() > FACTS - FIRST { p.left-out { "Others are in the JSON form." } }
                }
            }
        }
    }
}

fn fact(found: &Finding, clock: Clock, quotes: &Quotes) -> Markup {
    html! {
        li {
            (marks::of_kind(found.kind))
            div {
                p { (words::sentence(&found.text)) }
                p.meta {
                    (marks::certainty(found.certainty))
                    @if let Some(at) = found.at {
                        span { time datetime=(words::stamp(at)) { (clock.at(at)) } @if let Some(beside) = clock.beside(at) { ", " (beside) } }
                    }
                }
                (quotes.unfold(&found.quotes))
            }
        }
    }
}
