//! Budgets by example and by property.

#![expect(clippy::float_cmp, reason = "budgets that are exact are compared exactly")]

use proptest::prelude::*;

use super::*;
use crate::model::{CalendarUnit, Draft, DraftWindow, Limits, Objective, Window, validate};

const DAY: Micros = 86_400 * SECOND;
const NOW: Micros = 1_772_366_400 * SECOND;

fn definition(percent: f64, window: DraftWindow) -> Definition {
    let draft = Draft {
        service: Some("api".to_owned()),
        objective: Some(percent),
        window: Some(window),
        ..Draft::default()
    };
    validate(&draft, &mainstay_kernel::Environment::production(), &Limits::default())
        .unwrap()
        .definition
}

fn thirty_days(percent: f64) -> Definition {
    definition(percent, DraftWindow::Rolling(30 * 86_400))
}

/// One probe every `every`, from `begin` up to `NOW`; `bad` of them, the latest first, failed.
fn probed(definition: &Definition, begin: Micros, every: Micros, bad: usize) -> WindowCounts {
    let mut counts = definition.empty_counts(Micros::MIN);
    let times: Vec<_> = std::iter::successors(Some(NOW - SECOND / 2), |at| Some(at - every))
        .take_while(|at| *at > begin)
        .collect();
    for (index, at) in times.into_iter().enumerate().rev() {
        counts.record(at, index < bad);
    }
    counts
}

#[test]
fn a_covered_window_has_the_budget_of_its_events_exactly() {
    let definition = thirty_days(99.9);
    let counts = probed(&definition, NOW - 31 * DAY, 60 * SECOND, 10);
    let budget = Budget::of(&definition, &counts, NOW);
    assert_eq!(budget.counts, Counts { total: 43_200, bad: 10 });
    assert_eq!(budget.coverage, 1.0);
    assert!((budget.allowed_bad - 43.2).abs() < 1e-9);
    assert_eq!(budget.remaining_events, Some(33));
    assert_eq!(budget.allowed_minutes, 43.2);
    assert!((budget.remaining_minutes.unwrap() - 33.2).abs() < 1e-9);
}

#[test]
fn a_minute_of_failure_in_the_first_hour_costs_a_minute_of_43() {
    let definition = thirty_days(99.9);
    let counts = probed(&definition, NOW - 3_600 * SECOND, 15 * SECOND, 4);
    let budget = Budget::of(&definition, &counts, NOW);
    assert!((budget.remaining_minutes.unwrap() - 42.2).abs() < 0.02, "{budget:?}");
    assert!(!budget.is_spent(&definition));
}

#[test]
fn no_events_are_no_data_and_never_nan() {
    let definition = thirty_days(99.9);
    let budget = Budget::of(&definition, &definition.empty_counts(NOW), NOW);
    assert_eq!(budget.remaining_ratio, None);
    assert_eq!(budget.burn_rate, None);
    assert_eq!(budget.allowed_bad, 0.0);
    assert_eq!(budget.state(&definition, false, false), BudgetState::NoData);
    assert_eq!(budget.allowed_minutes, 43.2);
    assert!(burn_down(&definition, &definition.empty_counts(NOW), NOW, budget.period, 300).is_empty());
}

#[test]
fn eighty_percent_spent_is_announced_and_everything_spent_is_exhausted() {
    let definition = thirty_days(99.9);
    let state = |bad| {
        let counts = probed(&definition, NOW - 31 * DAY, 60 * SECOND, bad);
        Budget::of(&definition, &counts, NOW).state(&definition, false, false)
    };
    assert_eq!(
        [state(34), state(35), state(43), state(44)],
        [
            BudgetState::AtRisk,
            BudgetState::Warning,
            BudgetState::Warning,
            BudgetState::Exhausted
        ]
    );
}

#[test]
fn one_failed_probe_never_announces_a_spent_budget() {
    let definition = thirty_days(99.9);
    let mut counts = definition.empty_counts(Micros::MIN);
    counts.record(NOW - DAY * 29, true);
    let budget = Budget::of(&definition, &counts, NOW);
    assert!(budget.remaining_ratio.unwrap() < 0.0);
    assert!(!budget.is_spent(&definition));
}

#[test]
fn a_burn_of_one_exhausts_the_budget_at_the_end_of_the_window() {
    assert_eq!(exhausted_at(Some(1.0), Some(1.0), 30 * DAY, NOW), Some(NOW + 30 * DAY));
    assert_eq!(
        exhausted_at(Some(0.5), Some(14.4), 30 * DAY, NOW),
        Some(NOW + 90_000 * SECOND)
    );
    for nothing in [(Some(0.0), Some(2.0)), (Some(1.0), Some(0.0)), (None, None)] {
        assert_eq!(exhausted_at(nothing.0, nothing.1, 30 * DAY, NOW), None);
    }
}

#[test]
fn a_calendar_budget_is_whole_again_at_the_boundary() {
    let definition = definition(
        99.0,
        DraftWindow::Calendar("month".to_owned(), "Europe/Berlin".to_owned()),
    );
    assert!(matches!(
        definition.window,
        Window::Calendar {
            unit: CalendarUnit::Month,
            ..
        }
    ));
    // NOW is noon on the first of March; all failures were in February.
    let mut counts = definition.empty_counts(Micros::MIN);
    for minute in 0..3 * 24 * 60 {
        let at = NOW - 3 * DAY + minute * 60 * SECOND;
        counts.record(at, at < NOW - DAY);
    }
    let budget = Budget::of(&definition, &counts, NOW);
    assert_eq!(budget.counts.bad, 0);
    assert_eq!(budget.remaining_ratio, Some(1.0));
    // March in Berlin lasts 743 hours.
    assert!((budget.allowed_minutes - 743.0 * 60.0 * 0.01).abs() < 1e-9);
    let yesterday = Budget::of(&definition, &counts, NOW - DAY);
    assert!(yesterday.remaining_ratio.unwrap() < 0.0);
}

#[test]
fn ten_minutes_and_a_year_work_alike() {
    for (seconds, every) in [(600, SECOND), (365 * 86_400, 1_800 * SECOND)] {
        let definition = definition(99.0, DraftWindow::Rolling(seconds));
        let counts = probed(&definition, NOW - 2 * seconds * SECOND, every, 2);
        let budget = Budget::of(&definition, &counts, NOW);
        let expected = seconds * SECOND / every;
        assert!(
            (i64::try_from(budget.counts.total).unwrap() - expected).abs() <= 3,
            "{budget:?}"
        );
        assert_eq!(budget.counts.bad, 2);
        assert!(budget.remaining_ratio.unwrap() > 0.5);
    }
}

#[test]
fn a_clock_put_back_an_hour_loses_no_event() {
    let definition = thirty_days(99.9);
    let mut counts = probed(&definition, NOW - 31 * DAY, 60 * SECOND, 10);
    let an_hour_ago = NOW - 3_600 * SECOND;
    for second in 0..10 {
        counts.record(an_hour_ago + second * SECOND, true);
    }
    let budget = Budget::of(&definition, &counts, an_hour_ago + 10 * SECOND);
    assert_eq!(budget.counts.bad, 20);
}

#[test]
fn a_burn_down_begins_whole_and_ends_at_what_remains() {
    let definition = thirty_days(99.9);
    let counts = probed(&definition, NOW - 31 * DAY, 60 * SECOND, 10);
    let budget = Budget::of(&definition, &counts, NOW);
    let series = burn_down(&definition, &counts, NOW, budget.period, 300);
    assert!((250..=301).contains(&series.len()), "{}", series.len());
    assert_eq!(series[0].remaining_ratio, 1.0);
    assert_eq!(series.last().unwrap().at, NOW);
    assert!((series.last().unwrap().remaining_ratio - budget.remaining_ratio.unwrap()).abs() < 1e-9);
    assert_eq!(series.iter().map(|point| point.counts.bad).sum::<u64>(), 10);
}

proptest! {
    #[test]
    fn a_budget_is_always_a_number_and_agrees_with_itself(
        gaps in prop::collection::vec((0_i64..6 * 3_600, any::<bool>()), 0..300),
        ppm in 940_000_u32..1_000_000,
        later in 0_i64..10 * 86_400,
    ) {
        let mut definition = thirty_days(99.9);
        definition.objective = Objective::from_ppm(ppm).unwrap();
        let mut counts = definition.empty_counts(Micros::MIN);
        let mut at = NOW;
        for (gap, bad) in gaps {
            at += gap * SECOND;
            counts.record(at, bad);
        }
        let budget = Budget::of(&definition, &counts, at + later * SECOND);
        prop_assert!(budget.allowed_bad.is_finite() && budget.expected_total.is_finite());
        prop_assert_eq!(budget.remaining_ratio.is_some(), budget.counts.total > 0);
        if let Some(left) = budget.remaining_ratio {
            prop_assert!(left.is_finite() && left <= 1.0);
            prop_assert_eq!(budget.remaining_events.unwrap() < 0, left < 0.0);
        }
    }
}
