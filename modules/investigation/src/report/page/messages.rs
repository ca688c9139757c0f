//! Messages that came, went or became many: a row each, with a strip of bars on one axis of time.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::{marks, quotes::Quotes, scale::TimeScale};
use crate::report::{
    MessageRate, Report,
    words::{self, Clock},
};

/// Messages that are shown.
const SHOWN: usize = 40;
/// Messages in full view; the others unfold.
const FIRST: usize = 12;
/// Bars of a strip; more counts than that are added up.
const BARS: usize = 120;
const HEIGHT: f64 = 34.0;

/// The section.
pub fn section(report: &Report, clock: Clock, quotes: &Quotes) -> Markup {
    let ends = report.messages.iter().flat_map(|message| [message.from, end(message)]);
    let (from, to) = ends.fold((i64::MAX, i64::MIN), |(from, to), time| (from.min(time), to.max(time)));
    let scale = (from < to).then(|| TimeScale::of(crate::report::Span { from, to }));
    let shown: Vec<&MessageRate> = report.messages.iter().take(SHOWN).collect();
    let (first, more) = shown.split_at(FIRST.min(shown.len()));
    html! {
        section #messages {
            h2 { "Messages that came, went or became many" }
            @if shown.is_empty() {
                p.empty { "No message changed its rate, or no log was read. Logs from before and after the onset would be compared here, message by message." }
            } @else {
                p.lead { (lead(report)) }
                div.messages {
                    @for message in first { (row(message, report, scale, quotes)) }
                    @if let Some(scale) = scale {
                        div.message.foot { div.strip-cell { (scale.axis(clock, 5)) } }
                    }
                }
                @if !more.is_empty() {
                    details.fold {
                        summary { (words::plural(more.len(), "more message", "more messages")) }
                        div.messages { @for message in more { (row(message, report, scale, quotes)) } }
                    }
                }
                @if report.messages.len() > SHOWN {
                    p.left-out { (words::plural(report.messages.len() - SHOWN, "more message is", "more messages are")) " in the JSON form." }
                }
            }
        }
    }
}

fn lead(report: &Report) -> String {
    let kinds = ["new", "vanished", "more", "fewer", "rare", "steady"]
        .into_iter()
        .filter_map(|word| {
            let number = report
                .messages
                .iter()
                .filter(|message| words::change(message.change) == word)
                .count();
            let said = match word {
                "more" => "more often",
                "fewer" => "less often",
                "rare" => "rare but severe",
                "steady" => "as often as before",
                _ => word,
            };
            (number > 0).then(|| format!("{} {said}", words::count(number as u64)))
        });
    let kinds: Vec<String> = kinds.collect();
    format!(
        "{}: {}.",
        words::plural(report.messages.len(), "message", "messages"),
        kinds.join(", ")
    )
}

fn end(message: &MessageRate) -> i64 {
    let steps = i64::try_from(message.counts.len()).unwrap_or(i64::MAX);
    message.from.saturating_add(message.step.max(0).saturating_mul(steps))
}

fn row(message: &MessageRate, report: &Report, scale: Option<TimeScale>, quotes: &Quotes) -> Markup {
    let word = words::change(message.change);
    html! {
        div.message {
            div.what {
                p.meta {
                    span class=(format!("chip {word}")) { (word) }
                    @if let Some(component) = &message.component { b title=(words::shown(component, words::NAME)) { (words::cut(&words::named(component), 32)) } }
                    @if let Some(severity) = &message.severity { span.severity { (words::shown(severity, 24)) } }
                    (marks::certainty(message.certainty))
                }
                p.template { (template(&message.text)) }
                (quotes.unfold(&message.quotes))
            }
            div.rate {
                p { span.before { (rate(message.before)) } " → " b { (rate(message.after)) } "/min" }
                p.fine { (words::count(message.count)) " in all" }
            }
            div.strip-cell {
                @if let Some(scale) = scale { (strip(message, report, scale)) }
            }
        }
    }
}

fn rate(value: f64) -> String {
    words::significant(value, 2)
}

/// The constant text, with its values set apart.
fn template(text: &str) -> Markup {
    let text = words::shown(text, 400);
    html! {
        @for (place, piece) in text.split("<*>").enumerate() {
            @if place > 0 { span.value title="a value that differs" { "‹*›" } }
            (piece)
        }
    }
}

fn strip(message: &MessageRate, report: &Report, scale: TimeScale) -> Markup {
    let together = message.counts.len().div_ceil(BARS).max(1);
    let sums: Vec<u64> = message
        .counts
        .chunks(together)
        .map(|part| part.iter().map(|one| u64::from(*one)).sum())
        .collect();
    let most = sums.iter().copied().max().unwrap_or(0).max(1);
    let step = message.step.max(0).saturating_mul(i64::try_from(together).unwrap_or(1));
    let time = |place: usize| {
        message
            .from
            .saturating_add(step.saturating_mul(i64::try_from(place).unwrap_or(i64::MAX)))
    };
    let after = report.onset.as_ref().map(|onset| onset.at);
    #[expect(clippy::cast_precision_loss, reason = "a height on a screen")]
    let height = |sum: u64| (sum as f64 / most as f64 * (HEIGHT - 4.0)).max(1.5);
    let bars = |of_after: bool| {
        let mut path = String::new();
        for (place, sum) in sums.iter().enumerate().filter(|(_, sum)| **sum > 0) {
            if after.is_some_and(|onset| time(place + 1) > onset) == of_after {
                let (left, right) = (scale.place(time(place)) * 10.0, scale.place(time(place + 1)) * 10.0);
                let width = ((right - left) * 0.86).max(1.5);
                // Writing to a string cannot fail.
                let _ = write!(
                    path,
                    "M{left:.1} {HEIGHT}V{:.1}h{width:.1}V{HEIGHT}Z",
                    HEIGHT - height(*sum)
                );
            }
        }
        path
    };
    html! {
        div.drawing data-from=(scale.from()) data-to=(scale.to()) {
            svg.strip width="100%" height=(HEIGHT) role="img" aria-label=(format!("at most {} in {}", words::count(most), words::duration(step))) {
                title { "at most " (words::count(most)) " in " (words::duration(step)) }
                line.grid x1="0" x2="100%" y1=(HEIGHT - 0.5) y2=(HEIGHT - 0.5) {}
                (scale.onset(report.onset.as_ref(), 34))
                svg width="100%" height=(HEIGHT) viewBox=(format!("0 0 1000 {HEIGHT}")) preserveAspectRatio="none" {
                    path.count d=(bars(false)) {}
                    path.count.after d=(bars(true)) {}
                }
            }
        }
    }
}
