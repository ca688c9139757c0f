//! Words: how numbers, times, durations and foreign text are said, on the page and in the terminal alike.
//!
//! It knows neither markup nor colours. What it returns holds no control character, so that nothing that was read can
//! steer a terminal or hide a part of a page.

mod clock;
mod numbers;
mod plain;

use std::{collections::BTreeMap, fmt::Write as _};

use mainstay_evidence::quote::Quote;

pub use self::{
    clock::{Clock, SECOND, date, duration, stamp},
    numbers::{bytes, count, measured, multiple, percent, plural, significant},
    plain::{NAME, SENTENCE, cut, is_hidden, picture, sentence, shown},
};

use super::{Cause, ComponentState, InputKind, MessageChange, Onset, Report, Verdict};

/// A kind of evidence, in one word.
pub fn kind(kind: InputKind) -> &'static str {
    match kind {
        InputKind::Logs => "logs",
        InputKind::Metrics => "metrics",
        InputKind::Traces => "traces",
        InputKind::Configuration => "configuration",
        InputKind::Changes => "changes",
        InputKind::Topology => "topology",
        InputKind::Unreadable => "unreadable",
    }
}

/// What so many of its records are called.
pub fn items(kind: InputKind, number: u64) -> &'static str {
    let (one, many) = match kind {
        InputKind::Logs => ("message", "messages"),
        InputKind::Metrics => ("sample", "samples"),
        InputKind::Traces => ("span", "spans"),
        InputKind::Configuration => ("setting", "settings"),
        InputKind::Changes => ("change", "changes"),
        InputKind::Topology => ("call", "calls"),
        InputKind::Unreadable => ("record", "records"),
    };
    if number == 1 { one } else { many }
}

/// How a component looks, in one word.
pub fn state(state: ComponentState) -> &'static str {
    match state {
        ComponentState::Suspect => "suspect",
        ComponentState::Victim => "victim",
        ComponentState::Changed => "changed",
        ComponentState::Normal => "normal",
        ComponentState::Unknown => "unknown",
    }
}

/// What happened to a message, in one word.
pub fn change(change: MessageChange) -> &'static str {
    match change {
        MessageChange::New => "new",
        MessageChange::Vanished => "vanished",
        MessageChange::Burst => "more",
        MessageChange::Fewer => "fewer",
        MessageChange::Rare => "rare",
        MessageChange::Steady => "steady",
    }
}

/// How sure something is, in words.
pub fn surely(certainty: f64) -> &'static str {
    match certainty {
        0.9.. => "certain",
        0.7.. => "likely",
        0.4.. => "possible",
        _ => "weak",
    }
}

/// When it began: "at 10:04:12 UTC, between 10:03:58 and 10:04:30 with 90 % certainty".
pub fn began(onset: &Onset, clock: Clock) -> String {
    let at = clock.at(onset.at);
    if onset.earliest == onset.latest {
        return format!("at {at} UTC");
    }
    let (earliest, latest) = (clock.at(onset.earliest), clock.at(onset.latest));
    format!("at {at} UTC, between {earliest} and {latest} with 90 % certainty")
}

/// The causes that the answer names: the first, and those that are likely besides it. None when no cause was found.
pub fn blamed(report: &Report) -> Vec<&Cause> {
    let named = |(place, cause): &(usize, &Cause)| *place == 0 || cause.in_addition;
    match report.verdict {
        Verdict::Cause => report
            .causes
            .iter()
            .enumerate()
            .filter(named)
            .map(|(_, cause)| cause)
            .take(3)
            .collect(),
        Verdict::None => Vec::new(),
    }
}

/// The answer in one line, and the likelihood of what it names: "cart-service is the likely cause", "87 %".
pub fn verdict(report: &Report) -> (String, Option<String>) {
    let blamed = blamed(report);
    let names: Vec<String> = blamed.iter().map(|cause| named(&cause.component)).collect();
    let shares: Vec<String> = blamed.iter().map(|cause| percent(cause.likelihood)).collect();
    match names.len() {
        0 => ("No cause found".to_owned(), None),
        // Less likely than all else together, it is only more likely than each.
        1 if blamed.iter().any(|cause| cause.likelihood < 0.5) => (
            format!("{} is the likeliest cause", names.concat()),
            Some(shares.concat()),
        ),
        1 => (format!("{} is the likely cause", names.concat()), Some(shares.concat())),
        _ => (
            format!("{} are the likely causes", listed(&names)),
            Some(listed(&shares)),
        ),
    }
}

/// "a, b and c".
pub fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}

/// A component is named by its name, and one without a name is said to have none.
pub fn named(name: &str) -> String {
    match name.trim() {
        "" => "(no name)".to_owned(),
        _ => shown(name, NAME),
    }
}

/// Where it stands: `file:line`, with the member of an archive between them.
pub fn place(quote: &Quote) -> String {
    let file = shown(&quote.file, NAME);
    match &quote.member {
        Some(member) => format!("{file} › {}:{}", shown(member, NAME), quote.line),
        None => format!("{file}:{}", quote.line),
    }
}

/// "5 files, 3.2 MiB: 12,034 messages, 480 samples; from 09:50:00 to 10:20:00 UTC".
pub fn read(report: &Report) -> String {
    if report.inputs.is_empty() {
        return "nothing".to_owned();
    }
    let clock = Clock::of(report);
    let mut items: BTreeMap<InputKind, u64> = BTreeMap::new();
    for input in report.inputs.iter().filter(|input| input.kind != InputKind::Unreadable) {
        let sum = items.entry(input.kind).or_default();
        *sum = sum.saturating_add(input.items);
    }
    let items: Vec<String> = items
        .into_iter()
        .map(|(kind, number)| format!("{} {}", count(number), self::items(kind, number)))
        .collect();
    let size = report
        .inputs
        .iter()
        .fold(0u64, |sum, input| sum.saturating_add(input.bytes));
    let mut line = format!("{}, {}", plural(report.inputs.len(), "source", "sources"), bytes(size));
    if !items.is_empty() {
        line.push_str(": ");
        line.push_str(&items.join(", "));
    }
    if let Some(span) = report.span {
        // Writing to a string cannot fail.
        let _ = write!(line, "; from {} to {} UTC", clock.at(span.from), clock.at(span.to));
    }
    line
}

/// What a weight does to the odds: "odds × 20", "odds ÷ 3".
pub fn odds(weight: f64) -> String {
    let factor = weight.abs().exp();
    match (factor < 1.05, weight < 0.0) {
        (true, _) => "no change".to_owned(),
        (_, true) => format!("odds ÷ {}", significant(factor, 2)),
        (_, false) => format!("odds × {}", significant(factor, 2)),
    }
}
