//! SLOs as JSON.

use jiff::Timestamp;
use mainstay_catalog::{ManagedBy, ServiceName, Source};
use mainstay_kernel::{Environment, Micros, from_micros};
use serde::Serialize;
use utoipa::ToSchema;

use super::input::WindowBody;
use crate::{
    ledger::{Standing, sentences},
    model::{BurnRule, CheckSelection, Definition, RuleName, SECOND, Sli, SliKind, SloId, burn_rate},
    objective::Promise,
    signal::Severity,
};

/// A promise and how it stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct SloBody {
    #[schema(value_type = String, format = "uuid")]
    id: SloId,
    name: String,
    service: ServiceName,
    #[schema(value_type = String, example = "production")]
    environment: Environment,
    description: Option<String>,
    sli: SliBody,
    /// In percent.
    objective: f64,
    window: WindowBody,
    rules: Vec<&'static str>,
    budget_alert_percent: f64,
    managed_by: ManagedBy,
    source: Option<Source>,
    /// The `ETag`.
    version: i64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    budget: BudgetBody,
    alerts: Vec<RuleBody>,
}

/// What is measured.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct SliBody {
    #[schema(example = "availability")]
    kind: &'static str,
    /// Null means health, readiness and liveness.
    checks: Option<Vec<String>>,
    threshold_ms: Option<f64>,
    minimum_per_s: Option<f64>,
}

/// An error budget.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct BudgetBody {
    /// `exhausted`: nothing is left. `burning`: a rule that pages fires. `warning`: a rule that opens a ticket fires, or the
    /// announced share (80 %) is spent. `at-risk`: no rule fires yet, but the latest events spend the budget faster than it
    /// lasts. `ok`: none of these. `no-data`: there were no events in the window.
    #[schema(example = "ok")]
    state: &'static str,
    /// The state in a sentence or two, with numbers and units.
    #[schema(example = "98.2 % of the budget is left.")]
    summary: String,
    #[schema(value_type = String, format = DateTime)]
    window_from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    window_to: Timestamp,
    /// The events in the window, exactly.
    total: u64,
    /// The bad ones among them, exactly.
    bad: u64,
    /// The part of the window that has been observed, between 0 and 1.
    coverage_ratio: f64,
    /// How many events the whole window has, or will have at the pace observed so far.
    expected_total: f64,
    /// How many of those may be bad.
    allowed_bad: f64,
    /// The part of the budget that is left; negative when overspent, null without events.
    remaining_ratio: Option<f64>,
    /// How many more events may be bad; negative when overspent.
    remaining_events: Option<i64>,
    /// The whole budget in minutes of total failure.
    allowed_minutes: f64,
    remaining_minutes: Option<f64>,
    /// How many times faster than allowed the budget is being spent, over the shortest long window of the rules that holds at
    /// least ten events.
    burn_rate: Option<f64>,
    /// The latest events, by which the objective is judged before a rule may fire; null when there are too few.
    recent: Option<RecentBody>,
    /// When nothing will be left at that rate.
    #[schema(value_type = Option<String>, format = DateTime)]
    exhausted_at: Option<Timestamp>,
    /// With fewer events per hour than this a single bad one exceeds the quickest rule's factor; the floor of two bad events
    /// keeps it from paging.
    one_failure_pages_below_per_hour: Option<f64>,
    percentiles: Option<PercentilesBody>,
    /// For throughput: successful probes per second lately.
    throughput_per_s: Option<f64>,
    /// False while counts from before a restart are still being read; alerts wait for them.
    loaded: bool,
}

/// The latest events: those of the shortest window of any rule that holds at least three.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct RecentBody {
    /// How far back they reach.
    #[schema(example = 300.0)]
    window_s: f64,
    total: u64,
    bad: u64,
    /// How many times faster than allowed they spend the budget.
    burn_rate: f64,
}

/// How long good answers took, over the window.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the unit belongs to the name on the wire")]
pub(crate) struct PercentilesBody {
    p50_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
}

/// A burn-rate rule and what it says now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct RuleBody {
    #[schema(example = "page-quick")]
    rule: &'static str,
    severity: Severity,
    /// The burn rate both windows must exceed.
    factor: f64,
    long_s: f64,
    short_s: f64,
    /// Null without events. While only a part of the long window has been observed, that part stands for a whole one, so this is
    /// less than the present rate.
    burn_long: Option<f64>,
    /// Null without events.
    burn_short: Option<f64>,
    firing: bool,
}

/// What a promise would be.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ValidationBody {
    budget: PlannedBudget,
    alerts: Vec<RuleBody>,
    /// Sentences for a person: nothing is wrong, but something may surprise.
    warnings: Vec<String>,
}

/// The budget of a promise nobody has made yet.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct PlannedBudget {
    #[schema(value_type = String, format = DateTime)]
    window_from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    window_to: Timestamp,
    allowed_minutes: f64,
    one_failure_pages_below_per_hour: Option<f64>,
}

/// How a budget went.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct BurnDownBody {
    pub(crate) points: Vec<PointBody>,
    pub(crate) events: Vec<EventBody>,
}

/// One step of a burn-down.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct PointBody {
    /// The end of the step.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Timestamp,
    /// What was left then of the budget of the present window.
    pub(crate) remaining_ratio: f64,
    /// The events of the step.
    pub(crate) total: u64,
    pub(crate) bad: u64,
}

/// Something that explains a burn-down.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct EventBody {
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Timestamp,
    /// `alert`, `maintenance` or `change`.
    #[schema(example = "alert")]
    pub(crate) kind: &'static str,
    pub(crate) title: String,
    /// The alert, maintenance window or SLO.
    pub(crate) id: Option<String>,
}

impl SloBody {
    pub(crate) fn new(promise: &Promise, standing: &Standing) -> Self {
        let definition = &promise.definition;
        Self {
            id: promise.id,
            name: definition.name.clone(),
            service: definition.service.clone(),
            environment: definition.environment.clone(),
            description: definition.description.clone(),
            sli: SliBody::from(&definition.sli),
            objective: definition.objective.percent(),
            window: WindowBody::from(&definition.window),
            rules: definition.rules.iter().map(|rule| rule.as_str()).collect(),
            budget_alert_percent: f64::from(definition.spent_alert_ppm) / 10_000.0,
            managed_by: promise.managed_by,
            source: promise.source.clone(),
            version: promise.version,
            created_at: promise.created_at,
            updated_at: promise.updated_at,
            budget: budget(definition, standing),
            alerts: standing
                .rules
                .iter()
                .map(|reading| {
                    let mut body = RuleBody::from(&reading.rule);
                    body.burn_long = reading.rule.long_burn(reading.long, definition.objective);
                    body.burn_short = burn_rate(reading.short, definition.objective);
                    body.firing = reading.firing;
                    body
                })
                .collect(),
        }
    }

    /// The version, for the `ETag`.
    pub(crate) fn version(&self) -> i64 {
        self.version
    }
}

impl ValidationBody {
    pub(crate) fn new(definition: &Definition, warnings: Vec<String>, now: Micros) -> Self {
        let period = definition.window.period(now);
        Self {
            budget: PlannedBudget {
                window_from: from_micros(period.from),
                window_to: from_micros(period.to),
                allowed_minutes: definition.objective.allowed_minutes(period.length() / SECOND),
                one_failure_pages_below_per_hour: one_failure(definition),
            },
            alerts: definition.burn_rules().map(|rule| RuleBody::from(&rule)).collect(),
            warnings,
        }
    }
}

impl From<&BurnRule> for RuleBody {
    fn from(rule: &BurnRule) -> Self {
        Self {
            rule: rule.name.as_str(),
            severity: rule.severity,
            factor: rule.factor(),
            long_s: seconds(rule.long),
            short_s: seconds(rule.short),
            burn_long: None,
            burn_short: None,
            firing: false,
        }
    }
}

impl From<&Sli> for SliBody {
    fn from(sli: &Sli) -> Self {
        let (threshold, minimum) = match sli.kind {
            SliKind::Latency { threshold_us } => (Some(thousandths(threshold_us)), None),
            SliKind::Throughput { minimum_milli_per_s } => (None, Some(thousandths(minimum_milli_per_s))),
            SliKind::Availability | SliKind::ErrorRate => (None, None),
        };
        Self {
            kind: sli.kind.as_str(),
            checks: match &sli.checks {
                CheckSelection::OfTheService => None,
                CheckSelection::Named(words) => Some(words.clone()),
            },
            threshold_ms: threshold,
            minimum_per_s: minimum,
        }
    }
}

fn budget(definition: &Definition, standing: &Standing) -> BudgetBody {
    let budget = &standing.budget;
    BudgetBody {
        state: standing.state.as_str(),
        summary: sentences::state(definition, standing),
        window_from: from_micros(budget.period.from),
        window_to: from_micros(budget.period.to),
        total: budget.counts.total,
        bad: budget.counts.bad,
        coverage_ratio: budget.coverage,
        expected_total: budget.expected_total,
        allowed_bad: budget.allowed_bad,
        remaining_ratio: budget.remaining_ratio,
        remaining_events: budget.remaining_events,
        allowed_minutes: budget.allowed_minutes,
        remaining_minutes: budget.remaining_minutes,
        burn_rate: budget.burn_rate,
        recent: budget.recent.map(|recent| RecentBody {
            window_s: seconds(recent.length),
            total: recent.counts.total,
            bad: recent.counts.bad,
            burn_rate: recent.burn_rate(definition.objective).unwrap_or(0.0),
        }),
        exhausted_at: budget.exhausted_at.map(from_micros),
        one_failure_pages_below_per_hour: one_failure(definition),
        percentiles: standing.percentiles.map(|percentiles| PercentilesBody {
            p50_ms: percentiles.p50_ms,
            p95_ms: percentiles.p95_ms,
            p99_ms: percentiles.p99_ms,
        }),
        throughput_per_s: standing.throughput_per_s,
        loaded: standing.loaded,
    }
}

/// Only where the quick page is watched.
fn one_failure(definition: &Definition) -> Option<f64> {
    let rule = definition.burn_rules().find(|rule| rule.name == RuleName::PageQuick)?;
    Some(rule.one_failure_exceeds_below_per_hour(definition.objective))
}

#[expect(clippy::cast_precision_loss, reason = "a year of microseconds is exact in 53 bits")]
fn seconds(micros: Micros) -> f64 {
    micros as f64 / SECOND as f64
}

#[expect(clippy::cast_precision_loss, reason = "a threshold is far below 2^53")]
fn thousandths(number: i64) -> f64 {
    number as f64 / 1_000.0
}
