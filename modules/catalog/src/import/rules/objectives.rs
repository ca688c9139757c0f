//! Objectives that contradict themselves or each other, that are missing, or that are about nobody.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::promql;
use crate::{
    import::{
        codes::{Code, Severity},
        content::{At, Objective},
        landscape::{File, Key, Landscape},
        report::Finding,
    },
    model::Tier,
};

const MONTH_MINUTES: f64 = 30.0 * 24.0 * 60.0;
const WEEK_MINUTES: f64 = 7.0 * 24.0 * 60.0;

/// A number without the dust that binary fractions leave.
fn clean(value: f64) -> f64 {
    (value * 1e9).round() / 1e9
}

/// The same for the values of a finding.
pub(super) fn number(value: f64) -> Json {
    serde_json::Number::from_f64(clean(value)).map_or(Json::Null, Json::Number)
}

pub(super) fn check(landscape: &Landscape<'_>, findings: &mut Vec<Finding>) {
    let mut by_service: BTreeMap<Key, Vec<(&File, &Objective)>> = BTreeMap::new();
    for file in landscape.current() {
        for objective in &file.content.objectives {
            contradictions(file, objective, landscape, findings);
            let key = landscape.key(&objective.service, objective.environment.as_ref());
            by_service.entry(key).or_default().push((file, objective));
        }
    }
    if by_service.is_empty() {
        return;
    }
    for (key, objectives) in &by_service {
        units(key, objectives, findings);
    }
    missing(landscape, &by_service, findings);
    rules(landscape, &by_service, findings);
}

fn contradictions(file: &File, objective: &Objective, landscape: &Landscape<'_>, findings: &mut Vec<Finding>) {
    let Some(availability) = objective.numbers.get("availability") else {
        return;
    };
    let service = landscape.aliases.resolve(&objective.service);
    let derived = 100.0 - availability.value;
    let budget = objective.numbers.get("error_budget");
    let allowed = budget.map_or(derived, |budget| budget.value);
    let mut report = |line: usize, key: Option<(&str, f64)>, message: String| {
        let mut finding = Finding::new(Code::ContradictoryObjective, file.place(line), message)
            .with("service", service.clone())
            .with("availability", number(availability.value))
            .with("error_budget", number(allowed));
        if let Some((key, value)) = key {
            finding = finding.with(key, number(value));
        }
        findings.push(finding);
    };
    if availability.value <= 0.0 || availability.value >= 100.0 {
        let message = format!(
            "An availability of {} % for {service} cannot be an objective: it must lie between 0 and 100.",
            availability.value
        );
        report(availability.line, None, message);
        return;
    }
    let differs = |found: f64, expected: f64| (found - expected).abs() > expected.abs() * 0.01;
    if let Some(budget) = budget.filter(|budget| differs(budget.value, derived)) {
        let message = format!(
            "The error budget of {service} is {} %, but an availability of {} % leaves {} %. Correct one of the two.",
            budget.value,
            availability.value,
            clean(derived),
        );
        report(budget.line, None, message);
    }
    if let Some(rate) = objective
        .numbers
        .get("error_rate")
        .filter(|rate| rate.value > allowed + 1e-9)
    {
        let message = format!(
            "{service} may fail {} % of its requests, but its error budget is {} %. Lower the error rate or the availability ({} %).",
            rate.value,
            clean(allowed),
            availability.value,
        );
        report(rate.line, Some(("error_rate", rate.value)), message);
    }
    for (key, minutes) in [
        ("monthly_downtime_minutes", MONTH_MINUTES),
        ("weekly_downtime_minutes", WEEK_MINUTES),
    ] {
        let expected = allowed / 100.0 * minutes;
        if let Some(downtime) = objective
            .numbers
            .get(key)
            .filter(|downtime| differs(downtime.value, expected))
        {
            let message = format!(
                "{service} may be down {} minutes here, but a budget of {} % is {} minutes. Correct the number.",
                downtime.value,
                clean(allowed),
                clean(expected),
            );
            report(downtime.line, Some((key, downtime.value)), message);
        }
    }
}

fn missing(
    landscape: &Landscape<'_>,
    objectives: &BTreeMap<Key, Vec<(&File, &Objective)>>,
    findings: &mut Vec<Finding>,
) {
    for (key, said) in landscape.services() {
        let Some(winner) = said
            .first()
            .filter(|winner| winner.file.is_authority() && !objectives.contains_key(key))
        else {
            continue;
        };
        let tier = said
            .iter()
            .find_map(|said| said.statement.tier.as_ref())
            .map(|tier| tier.value);
        let message = format!(
            "{} has no objective although others have. Add one, or none of its failures will burn a budget.",
            key.name
        );
        let mut finding = Finding::new(Code::MissingSlo, winner.file.place(winner.statement.line), message)
            .with("service", key.name.clone());
        if let Some(tier) = tier {
            finding = finding.with("tier", tier.as_str());
        }
        if matches!(tier, Some(Tier::Critical | Tier::High)) {
            finding = finding.severity(Severity::Warning);
        }
        findings.push(finding);
    }
}

/// A quantity in one unit, by the name of its key: ratios for shares, milliseconds for times.
fn in_base_unit(key: &str, value: f64) -> Option<(&'static str, f64)> {
    match key {
        "availability" | "availability_percent" => Some(("availability", value / 100.0)),
        "availability_ratio" => Some(("availability", value)),
        "error_budget" | "error_budget_percent" => Some(("error_budget", value / 100.0)),
        "error_budget_ratio" => Some(("error_budget", value)),
        "latency_p95" | "latency_p95_ms" => Some(("latency_p95", value)),
        "latency_p95_s" | "latency_p95_seconds" => Some(("latency_p95", value * 1000.0)),
        "latency_p99" | "latency_p99_ms" => Some(("latency_p99", value)),
        "latency_p99_s" | "latency_p99_seconds" => Some(("latency_p99", value * 1000.0)),
        _ => None,
    }
}

/// 100 or 1000 when one number is that many times the other, within 1 %.
fn unit_factor(a: f64, b: f64) -> Option<u32> {
    if a <= 0.0 || b <= 0.0 {
        return None;
    }
    let quotient = (a / b).max(b / a);
    [(100.0, 100), (1000.0, 1000)]
        .into_iter()
        .find(|(factor, _)| (quotient / factor - 1.0).abs() <= 0.01)
        .map(|(_, factor)| factor)
}

fn units(key: &Key, objectives: &[(&File, &Objective)], findings: &mut Vec<Finding>) {
    let mut ranked = objectives.to_vec();
    ranked.sort_by(|a, b| a.0.precedence(b.0));
    let mut first: BTreeMap<&str, (&File, &At<f64>, f64)> = BTreeMap::new();
    for (file, objective) in ranked {
        for (name, written) in &objective.numbers {
            let Some((quantity, value)) = in_base_unit(name, written.value) else {
                continue;
            };
            let Some((source, other, expected)) = first.get(quantity) else {
                first.insert(quantity, (file, written, value));
                continue;
            };
            if let Some(factor) = unit_factor(value, *expected) {
                let message = format!(
                    "{quantity} of {} is {} here and {} in {}: a factor of {factor}, so one of them has another unit. Correct it.",
                    key.name,
                    written.value,
                    other.value,
                    source.spot(other.line),
                );
                findings.push(
                    Finding::new(Code::UnitMismatch, file.place(written.line), message)
                        .with("service", key.name.clone())
                        .with("value", number(written.value))
                        .with("expected", number(other.value))
                        .with("factor", factor)
                        .with("expected_from", source.spot(other.line))
                        .also(source.place(other.line)),
                );
            }
        }
    }
}

/// Prometheus rules of the form `(C - ratio) / C`, where C must be the budget as a ratio.
fn rules(landscape: &Landscape<'_>, objectives: &BTreeMap<Key, Vec<(&File, &Objective)>>, findings: &mut Vec<Finding>) {
    for file in landscape.current() {
        let mut seen = BTreeSet::new();
        for rule in file.content.rule_files.iter().flat_map(|rules| &rules.rules) {
            let Some(budget) = promql::remaining_budget(&rule.expression) else {
                continue;
            };
            let recorded = rule.name.split_once(':').map(|(service, _)| service);
            let Some(service) = recorded.or_else(|| promql::service_matcher(&rule.expression)) else {
                continue;
            };
            let key = landscape.key(service, None);
            let availability = objectives.get(&key).and_then(|found| {
                found
                    .iter()
                    .find_map(|(source, one)| Some((*source, one.numbers.get("availability")?)))
            });
            let Some((source, availability)) = availability else {
                continue;
            };
            let expected = 1.0 - availability.value / 100.0;
            let Some(factor) = unit_factor(budget.value, expected) else {
                continue;
            };
            let line = rule.line + usize::from(rule.block) + budget.line;
            if !seen.insert((key.clone(), line)) {
                continue;
            }
            let message = format!(
                "The budget of {} is {} in this rule, which compares it with a ratio; as a ratio it is {}. The rule is wrong by a factor of {factor}; write {}.",
                key.name,
                budget.value,
                clean(expected),
                clean(expected),
            );
            findings.push(
                Finding::new(Code::UnitMismatch, file.place(line), message)
                    .with("service", key.name)
                    .with("value", number(budget.value))
                    .with("expected", number(expected))
                    .with("factor", factor)
                    .with("expected_from", source.spot(availability.line))
                    .also(source.place(availability.line)),
            );
        }
    }
}
