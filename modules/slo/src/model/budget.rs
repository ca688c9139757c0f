//! How much of an error budget is left, from exact counts.

use mainstay_kernel::Micros;

use super::{BurnRule, Counts, Definition, Period, Recent, SECOND, WindowCounts, burn_rate};

/// A burn rate over fewer events than this jumps with every single one, so a longer window is shown instead.
const ENOUGH_EVENTS: u64 = 10;

/// The pace of events is not judged by less than a minute, or by less than a bucket where those are shorter.
const LEAST_COVERED: Micros = 60 * SECOND;

/// Events may lie in the future when the clock was put back; they did happen, and count.
const FAR_FUTURE: Micros = Micros::MAX / 4;

/// How an objective stands, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BudgetState {
    /// Nothing is left.
    Exhausted,
    /// A rule that pages fires.
    Burning,
    /// A ticket rule fires, or the share that is announced (80 %) is spent.
    Warning,
    /// The latest events spend the budget faster than it lasts, though no rule fires yet.
    AtRisk,
    /// All is well.
    Ok,
    /// There were no events in the window.
    NoData,
}

impl BudgetState {
    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exhausted => "exhausted",
            Self::Burning => "burning",
            Self::Warning => "warning",
            Self::AtRisk => "at-risk",
            Self::Ok => "ok",
            Self::NoData => "no-data",
        }
    }
}

/// The budget of one SLO at one moment.
///
/// The promise is about a whole window. Until one has been observed, the budget is that of the events a whole window will
/// have if they keep coming at the observed pace (`expected_total`); once the window is covered, it is that of the events
/// in it, exactly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    /// The stretch of time the window covers.
    pub period: Period,
    /// The events in it.
    pub counts: Counts,
    /// The part of the window that has been observed, between 0 and 1.
    pub coverage: f64,
    /// How many events the whole window has, or will have at the observed pace.
    pub expected_total: f64,
    /// How many of them may be bad.
    pub allowed_bad: f64,
    /// The part of the budget that is left: 1 when untouched, negative when overspent; nothing without events.
    pub remaining_ratio: Option<f64>,
    /// How many more events may be bad; negative when overspent.
    pub remaining_events: Option<i64>,
    /// The budget of the whole window in minutes of total failure.
    pub allowed_minutes: f64,
    /// What is left of it.
    pub remaining_minutes: Option<f64>,
    /// The burn rate over the shortest long window that holds at least ten events.
    pub burn_rate: Option<f64>,
    /// The latest events, by which the objective is judged before a rule may fire.
    pub recent: Option<Recent>,
    /// When nothing will be left at that rate; nothing while it does not burn, or when nothing is left already.
    pub exhausted_at: Option<Micros>,
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts and microseconds of a year stay below 2^53"
)]
impl Budget {
    /// The budget of `definition` at `now`.
    pub fn of(definition: &Definition, counts: &WindowCounts, now: Micros) -> Self {
        let period = definition.window.period(now);
        let until = definition.latest(now, FAR_FUTURE);
        let inside = definition.counts_within(counts, period.from, until);
        let covered_from = counts.first().unwrap_or(now).max(period.from);
        let covered = (now - covered_from).clamp(counts.width().min(LEAST_COVERED), period.length());
        let coverage = covered as f64 / period.length() as f64;
        let expected_total = inside.total as f64 / coverage;
        let allowed_bad = expected_total * definition.objective.budget_ratio();
        let left = (inside.total > 0).then_some(allowed_bad - inside.bad as f64);
        let remaining_ratio = left.map(|left| left / allowed_bad);
        let allowed_minutes = definition.objective.allowed_minutes(period.length() / SECOND);
        let burn = current_burn(definition, counts, now);
        Self {
            period,
            counts: inside,
            coverage: if inside.total > 0 { coverage } else { 0.0 },
            expected_total,
            allowed_bad,
            remaining_ratio,
            remaining_events: left.map(floor),
            allowed_minutes,
            remaining_minutes: remaining_ratio.map(|ratio| ratio * allowed_minutes),
            burn_rate: burn,
            recent: Recent::of(definition, counts, now),
            exhausted_at: exhausted_at(remaining_ratio, burn, period.length(), now),
        }
    }

    /// Whether the share of the budget that is announced is spent; never without events, and never by fewer bad events
    /// than the floor of the burn-rate rules.
    pub fn is_spent(&self, definition: &Definition) -> bool {
        let announced = f64::from(definition.spent_alert_ppm) / 1_000_000.0;
        self.counts.bad >= BurnRule::FLOOR && self.remaining_ratio.is_some_and(|left| 1.0 - left >= announced)
    }

    /// Whether the latest events spend the budget faster than it lasts.
    pub fn burns_now(&self, definition: &Definition) -> bool {
        self.recent
            .is_some_and(|recent| recent.is_too_fast(definition.objective))
    }

    /// How the objective stands, given which severities of rules fire.
    pub fn state(&self, definition: &Definition, page: bool, ticket: bool) -> BudgetState {
        match self.remaining_ratio {
            None => BudgetState::NoData,
            Some(left) if left <= 0.0 => BudgetState::Exhausted,
            Some(_) if page => BudgetState::Burning,
            Some(_) if ticket || self.is_spent(definition) => BudgetState::Warning,
            Some(_) if self.burns_now(definition) => BudgetState::AtRisk,
            Some(_) => BudgetState::Ok,
        }
    }
}

fn floor(number: f64) -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float beyond the range saturates, which is what is wanted"
    )]
    let whole = number.floor() as i64;
    whole
}

fn current_burn(definition: &Definition, counts: &WindowCounts, now: Micros) -> Option<f64> {
    let mut best = Counts::default();
    for rule in definition.all_rules() {
        best = definition.counts_within(counts, now - rule.long, now);
        if best.total >= ENOUGH_EVENTS {
            break;
        }
    }
    burn_rate(best, definition.objective)
}

/// Time to exhaustion of what is left, `r * T / B` (Workbook, chapter 5).
fn exhausted_at(remaining: Option<f64>, burn: Option<f64>, window: Micros, now: Micros) -> Option<Micros> {
    let (left, burn) = (remaining?, burn?);
    if left <= 0.0 || burn <= 0.0 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "a year of microseconds is exact in 53 bits")]
    let wait = left * window as f64 / burn;
    Some(now.saturating_add(floor(wait)))
}

/// One step of a burn-down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BurnDownPoint {
    /// The end of the step.
    pub at: Micros,
    /// What was left then of the budget of the present window.
    pub remaining_ratio: f64,
    /// The events of the step.
    pub counts: Counts,
}

/// How the budget of the present window went from whole to what it is: at most `points` steps between `from` and `to`
/// (which are cut to the window and to now). Empty without events.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
pub fn burn_down(
    definition: &Definition,
    counts: &WindowCounts,
    now: Micros,
    range: Period,
    points: usize,
) -> Vec<BurnDownPoint> {
    let budget = Budget::of(definition, counts, now);
    let from = range.from.max(budget.period.from);
    let to = range.to.min(now);
    if budget.counts.total == 0 || from >= to {
        return Vec::new();
    }
    let width = definition.bucket_us();
    let steps = i64::try_from(points.max(1)).unwrap_or(i64::MAX);
    // Steps are whole buckets, so that every event falls in exactly one of them.
    let step = ((to - from) / steps).div_euclid(width).saturating_add(1) * width;
    let mut spent = definition.counts_within(counts, budget.period.from, from);
    let mut buckets = definition.events_within(counts, from, to).into_iter().peekable();
    let mut series = Vec::with_capacity(points.min(10_000) + 1);
    let mut end = from.div_euclid(width) * width + step;
    loop {
        let at = end.min(to);
        let mut inside = Counts::default();
        while let Some((_, bucket)) = buckets.next_if(|(begin, _)| *begin < end) {
            inside.total += bucket.total;
            inside.bad += bucket.bad;
        }
        spent.bad += inside.bad;
        series.push(BurnDownPoint {
            at,
            remaining_ratio: 1.0 - spent.bad as f64 / budget.allowed_bad,
            counts: inside,
        });
        if at >= to {
            return series;
        }
        end += step;
    }
}

#[cfg(test)]
#[path = "budget_tests.rs"]
mod tests;
