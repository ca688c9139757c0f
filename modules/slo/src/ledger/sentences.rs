//! The words of objectives, and of burn-rate and budget alerts: plain sentences with numbers and units.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::standing::{RuleReading, Standing};
use crate::{
    model::{
        BudgetState, Counts, Definition, ENOUGH_EVENTS, SECOND, SliKind, burn_rate, duration_in_words, number_in_words,
        percent_in_words,
    },
    signal::Severity,
};

/// A title, a sentence, and the numbers in it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Words {
    pub(crate) title: String,
    pub(crate) summary: String,
    pub(crate) values: BTreeMap<String, Value>,
}

/// For a burn-rate alert of one severity.
pub(crate) fn burn(definition: &Definition, severity: Severity, firing: bool, standing: &Standing) -> Words {
    let Some(reading) = deciding(severity, firing, standing) else {
        return Words {
            title: format!("{} watches no rule of this urgency", definition.name),
            summary: format!(
                "The SLO {} no longer watches a rule that raises a {severity}.",
                definition.name
            ),
            values: common(definition, standing),
        };
    };
    let service = &definition.service;
    let what = definition.sli.kind.as_str();
    let mut values = common(definition, standing);
    values.extend(rule_values(definition, &reading));
    if !firing {
        let seen = if reading.short.total == 0 {
            format!(
                "nothing was measured in the last {}",
                duration_in_words(reading.rule.short)
            )
        } else {
            format!(
                "{} in the last {}",
                happened(definition, reading.short),
                duration_in_words(reading.rule.short)
            )
        };
        return Words {
            title: format!("{service} no longer burns its {what} budget too fast"),
            summary: format!(
                "{service} is back within the pace of its {} budget: {seen}.",
                definition.window.adjective()
            ),
            values,
        };
    }
    let seen = Seen::by(&reading);
    let burn = burn_rate(seen.counts, definition.objective).unwrap_or(0.0);
    let times = number_in_words(burn);
    let over_long = if seen.counts == reading.long.counts {
        String::new()
    } else {
        format!(" ({} there)", happened(definition, reading.long.counts))
    };
    values.insert("burn".to_owned(), json!(burn));
    Words {
        title: format!("{service} burns its {what} budget {times} times too fast"),
        summary: format!(
            "{service} burns its {} {what} budget {times} times too fast: {} in {}; a {severity} is due above {} times over \
             {}{over_long}; {}.",
            definition.window.adjective(),
            happened(definition, seen.counts),
            duration_in_words(seen.length),
            number_in_words(reading.rule.factor()),
            duration_in_words(reading.rule.long),
            outlook(standing, burn),
        ),
        values,
    }
}

/// The events whose rate is told as the present one: those of the rule's short window, or of the long one when the short
/// one holds too few. The long window's own rate is of no use for that: when a rule fires it has always just passed the factor.
struct Seen {
    counts: Counts,
    length: i64,
}

impl Seen {
    fn by(reading: &RuleReading) -> Self {
        if reading.short.total >= ENOUGH_EVENTS {
            Self {
                counts: reading.short,
                length: reading.rule.short.min(reading.long.covered),
            }
        } else {
            Self {
                counts: reading.long.counts,
                length: reading.long.covered,
            }
        }
    }
}

/// How an objective stands, in a sentence or two.
pub(crate) fn state(definition: &Definition, standing: &Standing) -> String {
    let budget = &standing.budget;
    let Some(left) = budget.remaining_ratio else {
        return format!("Nothing was counted in the last {}.", definition.window);
    };
    let left = if left >= 1.0 {
        "The whole budget is left.".to_owned()
    } else if left >= 0.9995 {
        // Rounded it would be all of it, although something was spent.
        "Almost the whole budget is left.".to_owned()
    } else if left > 0.0 {
        format!("{} of the budget is left.", percent_in_words(left))
    } else {
        format!(
            "The budget is spent: {}, and {} may.",
            happened(definition, budget.counts),
            number_in_words(budget.allowed_bad)
        )
    };
    let burns = budget
        .recent
        .filter(|recent| recent.is_too_fast(definition.objective))
        .map(|recent| {
            format!(
                "It burns {} times too fast: {} in the last {}.",
                number_in_words(recent.burn_rate(definition.objective).unwrap_or(0.0)),
                happened(definition, recent.counts),
                duration_in_words(recent.length)
            )
        });
    let alert = match standing.state {
        BudgetState::Burning => Some("A page is due for it."),
        BudgetState::Warning if standing.rules.iter().any(|reading| reading.firing) => Some("A ticket is due for it."),
        BudgetState::AtRisk => Some("No alert is due yet."),
        _ => None,
    };
    let sentences = [Some(left.as_str()), burns.as_deref(), alert];
    sentences.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// For a budget of which the announced share is spent.
pub(crate) fn spent(definition: &Definition, firing: bool, standing: &Standing) -> Words {
    let service = &definition.service;
    let what = definition.sli.kind.as_str();
    let window = definition.window.adjective();
    let budget = &standing.budget;
    let left = budget.remaining_ratio.unwrap_or(1.0);
    let spent = percent_in_words(1.0 - left);
    let values = common(definition, standing);
    if !firing {
        return Words {
            title: format!("{service} has {what} budget again"),
            summary: format!(
                "{service} has {} of its {window} {what} budget left.",
                percent_in_words(left.max(0.0))
            ),
            values,
        };
    }
    let rest = match budget.remaining_minutes {
        Some(minutes) if minutes > 0.0 => format!(
            "{} min of {} min are left",
            number_in_words(minutes),
            number_in_words(budget.allowed_minutes)
        ),
        _ => format!("nothing of its {} min is left", number_in_words(budget.allowed_minutes)),
    };
    Words {
        title: format!("{service} has spent {spent} of its {what} budget"),
        summary: format!(
            "{service} has spent {spent} of its {window} {what} budget: {}, and {rest}.",
            happened(definition, budget.counts),
        ),
        values,
    }
}

/// The firing rule of this severity that burns fastest for its factor; of an alert that ended, the quickest rule.
fn deciding(severity: Severity, firing: bool, standing: &Standing) -> Option<RuleReading> {
    standing
        .rules
        .iter()
        .filter(|reading| reading.rule.severity == severity)
        .find(|reading| !firing || reading.firing)
        .copied()
}

fn happened(definition: &Definition, counts: Counts) -> String {
    let Counts { total, bad } = counts;
    match definition.sli.kind {
        SliKind::Availability => format!("{bad} of {total} probes failed"),
        SliKind::ErrorRate => format!("{bad} of {total} answers were wrong"),
        SliKind::Latency { threshold_us } => {
            format!(
                "{bad} of {total} answers took longer than {}",
                milliseconds(threshold_us)
            )
        }
        SliKind::Throughput { minimum_milli_per_s } => format!(
            "{bad} of {total} slices of {} had fewer than {} successful probes per second",
            duration_in_words(definition.bucket_us()),
            thousandths(minimum_milli_per_s),
        ),
    }
}

fn milliseconds(micros: i64) -> String {
    format!("{} ms", thousandths(micros))
}

fn thousandths(number: i64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a threshold is far below 2^53")]
    let units = number as f64 / 1_000.0;
    number_in_words(units)
}

fn outlook(standing: &Standing, burn: f64) -> String {
    let left = standing.budget.remaining_ratio.unwrap_or(0.0);
    if left <= 0.0 || burn <= 0.0 {
        return "nothing of it is left".to_owned();
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "saturates far beyond any window"
    )]
    let wait = (left * standing.budget.period.length() as f64 / burn) as i64;
    format!("at this rate it is gone in {}", duration_in_words(wait))
}

fn common(definition: &Definition, standing: &Standing) -> BTreeMap<String, Value> {
    let budget = &standing.budget;
    [
        ("slo", json!(definition.name)),
        ("sli", json!(definition.sli.kind.as_str())),
        ("objective", json!(definition.objective.percent())),
        ("window_s", json!(definition.window.nominal_s())),
        ("total", json!(budget.counts.total)),
        ("bad", json!(budget.counts.bad)),
        ("remaining_ratio", json!(budget.remaining_ratio)),
        ("remaining_minutes", json!(budget.remaining_minutes)),
        ("allowed_minutes", json!(budget.allowed_minutes)),
        ("burn_rate", json!(budget.burn_rate)),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

fn rule_values(definition: &Definition, reading: &RuleReading) -> impl Iterator<Item = (String, Value)> {
    let seconds = |micros: i64| {
        #[expect(clippy::cast_precision_loss, reason = "a year of microseconds is exact in 53 bits")]
        let seconds = micros as f64 / SECOND as f64;
        json!(seconds)
    };
    [
        ("rule", json!(reading.rule.name.as_str())),
        ("factor", json!(reading.rule.factor())),
        ("long_s", seconds(reading.rule.long)),
        ("short_s", seconds(reading.rule.short)),
        ("long_total", json!(reading.long.counts.total)),
        ("long_bad", json!(reading.long.counts.bad)),
        ("short_total", json!(reading.short.total)),
        ("short_bad", json!(reading.short.bad)),
        (
            "burn_long",
            json!(reading.rule.long_burn(reading.long, definition.objective)),
        ),
        ("burn_short", json!(burn_rate(reading.short, definition.objective))),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
}
