//! The report for a terminal: the answer first, then what it rests on, each passage as `file:line` so that a terminal can open it.
//!
//! What was read never steers the terminal: control characters are shown as pictures, colours come from here alone.

mod paint;

use mainstay_evidence::quote::Quote;

use self::paint::Sheet;
pub use self::paint::Style;
use super::{
    Cause, Finding, Input, Moment, Report, Verdict,
    words::{self, Clock},
};

/// Moments, facts on each side, passages of a fact, lines of a passage, messages and changes that are printed.
const MOMENTS: usize = 16;
const FACTS: usize = 6;
const PASSAGES: usize = 2;
const LINES: usize = 4;
const MESSAGES: usize = 8;
const CHANGES: usize = 5;
const INPUTS: usize = 24;
/// Columns of a likelihood's bar.
const BAR: usize = 24;

/// The whole, each line ended by a line feed.
pub fn text(report: &Report, style: Style) -> String {
    let clock = Clock::of(report);
    let mut sheet = Sheet::new(style);
    answer(&mut sheet, report, clock);
    likelihoods(&mut sheet, report);
    timeline(&mut sheet, report, clock);
    causes(&mut sheet, report, clock);
    messages(&mut sheet, report);
    changes(&mut sheet, report, clock);
    next(&mut sheet, report);
    read(&mut sheet, report);
    sheet.finish()
}

fn answer(sheet: &mut Sheet, report: &Report, clock: Clock) {
    let (answer, share) = words::verdict(report);
    match share {
        Some(share) => sheet.headline(&format!("{answer} ({share})"), true),
        None => sheet.headline(&answer, false),
    }
    sheet.blank();
    for sentence in report.summary.iter().take(8) {
        sheet.paragraph(0, &words::sentence(sentence));
    }
    sheet.blank();
    if let Some(onset) = &report.onset {
        sheet.labelled(
            "Began",
            &format!("{} {}", words::date(onset.at), words::began(onset, clock)),
        );
    }
    if let Some(at) = report.asked.at {
        let beside = clock.beside(at).map(|beside| format!(", {beside}")).unwrap_or_default();
        sheet.labelled("Noticed", &format!("at {} UTC{beside}", clock.at(at)));
    }
    sheet.labelled("Read", &words::read(report));
    if let Some(question) = &report.asked.question {
        let used: Vec<String> = question
            .used
            .iter()
            .take(8)
            .map(|used| {
                format!(
                    "“{}” as {}",
                    words::shown(&used.word, 60),
                    words::shown(&used.taken_for, 60)
                )
            })
            .collect();
        let used = if used.is_empty() {
            "nothing of the question".to_owned()
        } else {
            used.join(", ")
        };
        sheet.labelled("Used", &used);
    }
}

fn likelihoods(sheet: &mut Sheet, report: &Report) {
    sheet.heading("How likely each is");
    let mut rows: Vec<(String, f64, &str)> = report
        .causes
        .iter()
        .map(|cause| {
            (
                words::named(&cause.component),
                cause.likelihood,
                if cause.in_addition { "in addition" } else { "" },
            )
        })
        .collect();
    rows.push(("none of what was seen".to_owned(), report.none.likelihood, ""));
    for (place, (name, likelihood, note)) in rows.iter().enumerate() {
        let none = place + 1 == rows.len();
        let first = if report.verdict == Verdict::Cause {
            place == 0 || !note.is_empty()
        } else {
            none
        };
        sheet.bar(name, *likelihood, BAR, first, note);
    }
    sheet.faint(
        0,
        "“None” is how likely it is that nothing which was read is the cause.",
    );
}

fn timeline(sheet: &mut Sheet, report: &Report, clock: Clock) {
    sheet.heading("What broke first");
    let mut moments: Vec<&Moment> = report.timeline.iter().collect();
    moments.sort_by_key(|moment| moment.at);
    if moments.is_empty() {
        sheet.faint(2, "Nothing changed, as far as could be seen.");
    }
    for moment in moments.iter().take(MOMENTS) {
        let offset = clock.offset(moment.at).unwrap_or_default();
        let spread = moment.latest.saturating_sub(moment.earliest) / 2;
        let spread = if spread > 0 {
            format!(" (±\u{a0}{})", words::duration(spread).replace(' ', "\u{a0}"))
        } else {
            String::new()
        };
        let what = format!(
            "{} {}{spread} [{}, {}]",
            words::named(&moment.component),
            words::sentence(&moment.what),
            words::kind(moment.kind),
            words::surely(moment.certainty)
        );
        sheet.row(&clock.at(moment.at), &offset, &what);
    }
    more(sheet, moments.len(), MOMENTS, "moment");
}

fn causes(sheet: &mut Sheet, report: &Report, clock: Clock) {
    for (place, cause) in report.causes.iter().enumerate() {
        let addition = if cause.in_addition { ", in addition" } else { "" };
        let share = words::percent(cause.likelihood);
        sheet.heading(&format!(
            "{}. {} ({share}{addition})",
            place + 1,
            words::named(&cause.component)
        ));
        sheet.paragraph(2, &words::sentence(&cause.summary));
        made_of(sheet, cause);
        facts(sheet, "for", &cause.supporting, clock);
        facts(sheet, "against", &cause.contradicting, clock);
    }
}

fn made_of(sheet: &mut Sheet, cause: &Cause) {
    let shares: Vec<String> = cause
        .shares
        .iter()
        .take(8)
        .map(|share| {
            let name = words::shown(&share.mechanism, words::NAME);
            format!(
                "{name} {} ({})",
                words::percent(share.strength),
                words::odds(share.weight)
            )
        })
        .collect();
    if !shares.is_empty() {
        sheet.faint(2, &format!("Made of: {}.", shares.join(", ")));
    }
}

fn facts(sheet: &mut Sheet, side: &str, facts: &[Finding], clock: Clock) {
    for fact in facts.iter().take(FACTS) {
        let at = fact.at.map(|at| format!(", {}", clock.at(at))).unwrap_or_default();
        let sure = words::surely(fact.certainty);
        let line = format!(
            "{} [{}, {sure}{at}]",
            words::sentence(&fact.text),
            words::kind(fact.kind)
        );
        sheet.fact(side == "for", &line);
        for quote in fact.quotes.iter().take(PASSAGES) {
            passage(sheet, quote);
        }
        if fact.quotes.len() > PASSAGES {
            sheet.faint(
                6,
                &format!(
                    "and {} more",
                    words::plural(fact.quotes.len() - PASSAGES, "passage", "passages")
                ),
            );
        }
    }
    more(sheet, facts.len(), FACTS, &format!("fact {side}"));
}

/// The place on a line of its own, so that it can be followed, and the words below it.
fn passage(sheet: &mut Sheet, quote: &Quote) {
    sheet.place(6, &words::place(quote));
    let mut lines = quote.text.lines();
    for line in lines.by_ref().take(LINES) {
        sheet.quoted(8, &words::shown(line.trim_end_matches('\r'), 4 * words::SENTENCE));
    }
    let rest = lines.count();
    if rest > 0 {
        sheet.faint(8, &format!("… {}", words::plural(rest, "more line", "more lines")));
    }
}

fn messages(sheet: &mut Sheet, report: &Report) {
    if report.messages.is_empty() {
        return;
    }
    sheet.heading("Messages that came, went or became many, a minute");
    for message in report.messages.iter().take(MESSAGES) {
        let rate = format!(
            "{} → {}",
            words::significant(message.before, 2),
            words::significant(message.after, 2)
        );
        let owner = message
            .component
            .as_deref()
            .map(|name| words::named(name) + ": ")
            .unwrap_or_default();
        let what = format!("{rate}  {owner}{}", words::sentence(&message.text));
        sheet.row(words::change(message.change), "", &what);
    }
    more(sheet, report.messages.len(), MESSAGES, "message");
}

fn changes(sheet: &mut Sheet, report: &Report, clock: Clock) {
    if report.changes.is_empty() {
        return;
    }
    sheet.heading("Changes before the onset");
    for change in report.changes.iter().take(CHANGES) {
        let at = change.at.map_or_else(|| "–".to_owned(), |at| clock.at(at));
        let offset = change.at.and_then(|at| clock.offset(at)).unwrap_or_default();
        let owner = change
            .component
            .as_deref()
            .map(|name| words::named(name) + " ")
            .unwrap_or_default();
        let risk = change
            .risk
            .as_deref()
            .map(|risk| format!(". {}", words::sentence(risk)))
            .unwrap_or_default();
        sheet.row(&at, &offset, &format!("{owner}{}{risk}", words::sentence(&change.what)));
        for quote in change.quotes.iter().take(PASSAGES) {
            passage(sheet, quote);
        }
    }
    more(sheet, report.changes.len(), CHANGES, "change");
}

fn next(sheet: &mut Sheet, report: &Report) {
    if !report.next.is_empty() {
        sheet.heading("What to look at next");
    }
    for question in report.next.iter().take(3) {
        sheet.paragraph(2, &words::sentence(&question.text));
        sheet.faint(4, &words::sentence(&question.how));
    }
    if !report.none.would_help.is_empty() {
        sheet.heading("What would help to find a cause");
    }
    for help in report.none.would_help.iter().take(8) {
        sheet.paragraph(2, &words::sentence(help));
    }
}

fn read(sheet: &mut Sheet, report: &Report) {
    sheet.heading("What was read");
    if report.inputs.is_empty() {
        sheet.faint(2, "Nothing was read.");
    }
    let groups = alike(&report.inputs);
    for group in groups.iter().take(INPUTS) {
        source(sheet, group);
    }
    more(sheet, groups.len(), INPUTS, "kind of source");
    for missing in report.not_looked_at.iter().take(8) {
        let line = format!(
            "No {}: {}",
            words::kind(missing.kind),
            words::sentence(&missing.would_show)
        );
        sheet.faint(2, &line);
    }
}

/// Sources that were taken for the same, for the same reason, and have nothing else to be said of them.
fn alike(inputs: &[Input]) -> Vec<Vec<&Input>> {
    let is_like = |one: &Input, other: &Input| {
        one.kind == other.kind
            && one.format == other.format
            && one.baseline == other.baseline
            && one.problems.is_empty()
            && other.problems.is_empty()
    };
    let mut groups: Vec<Vec<&Input>> = Vec::new();
    for input in inputs {
        match groups.iter_mut().find(|group| is_like(group[0], input)) {
            Some(group) => group.push(input),
            None => groups.push(vec![input]),
        }
    }
    groups
}

fn source(sheet: &mut Sheet, group: &[&Input]) {
    let Some(input) = group.first() else { return };
    let member = input
        .member
        .as_deref()
        .map(|member| format!(" › {}", words::shown(member, words::NAME)))
        .unwrap_or_default();
    let others = match group.len() - 1 {
        0 => String::new(),
        1 => " and 1 more".to_owned(),
        others => format!(" and {others} more"),
    };
    let baseline = if input.baseline { ", what is normal" } else { "" };
    let items = group.iter().map(|input| input.items).sum();
    let line = format!(
        "{}{member}{others}: {} ({}{baseline}), {} {}, as {}",
        words::shown(&input.file, words::NAME),
        words::kind(input.kind),
        words::shown(&input.format, words::NAME),
        words::count(items),
        words::items(input.kind, items),
        words::sentence(&input.reason)
    );
    sheet.paragraph(2, &line);
    for problem in input.problems.iter().take(4) {
        sheet.faint(4, &words::sentence(problem));
    }
    more(sheet, input.problems.len(), 4, "problem");
}

fn more(sheet: &mut Sheet, number: usize, shown: usize, what: &str) {
    if number > shown {
        sheet.faint(
            2,
            &format!(
                "and {} more {what}{}",
                number - shown,
                if number - shown == 1 { "" } else { "s" }
            ),
        );
    }
}

#[cfg(test)]
mod tests;
