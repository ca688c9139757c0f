//! What may be promised, by example.

#![expect(clippy::float_cmp, reason = "budgets that are exact are compared exactly")]

use super::*;

fn draft(objective: f64) -> Draft {
    Draft {
        service: Some("payments_api".to_owned()),
        objective: Some(objective),
        ..Draft::default()
    }
}

fn check(draft: &Draft) -> Result<Validated, Vec<FieldError>> {
    validate(draft, &Environment::production(), &Limits::default())
}

fn refused(draft: &Draft) -> (String, String) {
    let errors = check(draft).unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    (errors[0].field.clone(), errors[0].message.clone())
}

#[test]
fn a_service_and_an_objective_are_enough() {
    let Validated { definition, warnings } = check(&draft(99.9)).unwrap();
    assert_eq!(definition.name, "payments-api-availability");
    assert_eq!(definition.window, Window::thirty_days());
    assert_eq!(definition.sli.kind, SliKind::Availability);
    assert_eq!(definition.rules, RuleName::ALL);
    assert_eq!(definition.spent_alert_ppm, 800_000);
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn the_eight_budgets_of_a_platform_are_right_to_the_second() {
    let cases = [
        ("api", 99.9, 43.2, 10.08),
        ("monitor", 99.95, 21.6, 5.04),
        ("main", 99.9, 43.2, 10.08),
        ("data", 99.5, 216.0, 50.4),
        ("execution", 99.8, 86.4, 20.16),
        ("web", 99.5, 216.0, 50.4),
        ("ai", 99.0, 432.0, 100.8),
        ("analyze", 99.0, 432.0, 100.8),
    ];
    for (service, percent, month, week) in cases {
        let mut draft = draft(percent);
        draft.service = Some(service.to_owned());
        let objective = check(&draft).unwrap().definition.objective;
        assert_eq!(objective.allowed_minutes(30 * 86_400), month, "{service}");
        assert_eq!(objective.allowed_minutes(7 * 86_400), week, "{service}");
    }
}

#[test]
fn a_hundred_percent_is_refused_with_the_reason() {
    let (field, message) = refused(&draft(100.0));
    assert_eq!(field, "objective");
    assert!(message.contains("no error budget"), "{message}");
}

#[test]
fn an_objective_at_which_a_rule_could_never_fire_is_refused_and_the_reachable_maximum_named() {
    let (field, message) = refused(&draft(90.0));
    assert_eq!(field, "objective");
    assert_eq!(
        message,
        "at 90 % the burn rate can reach at most 10, when every event is bad, but the rule page-quick waits for more than 14.4: it could never fire. Promise more than 93.06 %, or watch only `rules: [page-slow, ticket-quick, ticket-slow]`"
    );
    let mut with_fewer_rules = draft(90.0);
    with_fewer_rules.rules = Some(vec!["ticket-slow".to_owned(), "page-slow".to_owned()]);
    let definition = check(&with_fewer_rules).unwrap().definition;
    assert_eq!(definition.rules, [RuleName::PageSlow, RuleName::TicketSlow]);
}

#[test]
fn a_window_longer_than_the_counts_are_kept_is_refused() {
    let limits = Limits {
        retention_s: 7 * 86_400,
        ..Limits::default()
    };
    let errors = validate(&draft(99.9), &Environment::production(), &limits).unwrap_err();
    assert_eq!(errors[0].field, "window");
    assert!(
        errors[0]
            .message
            .contains("30 d is longer than event counts are kept (7 d)"),
        "{errors:?}"
    );
}

#[test]
fn windows_from_ten_minutes_to_a_year_are_accepted_and_no_others() {
    for (seconds, accepted) in [
        (599, false),
        (600, true),
        (365 * 86_400, true),
        (367 * 86_400, false),
        (-1, false),
    ] {
        let mut draft = draft(99.9);
        draft.window = Some(DraftWindow::Rolling(seconds));
        assert_eq!(check(&draft).is_ok(), accepted, "{seconds}");
    }
}

#[test]
fn an_unknown_zone_unit_rule_or_indicator_is_named() {
    let mut wrong = draft(99.9);
    wrong.window = Some(DraftWindow::Calendar("decade".to_owned(), "Mars/Olympus".to_owned()));
    wrong.rules = Some(vec!["page-never".to_owned()]);
    wrong.sli_kind = Some("beauty".to_owned());
    let errors = check(&wrong).unwrap_err();
    let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, ["sli.kind", "window.unit", "window.time_zone", "rules"]);
}

#[test]
fn thresholds_belong_to_their_own_indicator() {
    let mut latency = draft(95.0);
    latency.sli_kind = Some("latency".to_owned());
    assert_eq!(refused(&latency).0, "sli.threshold_ms");
    latency.threshold_ms = Some(0.25);
    assert_eq!(
        check(&latency).unwrap().definition.sli.kind,
        SliKind::Latency { threshold_us: 250 }
    );
    latency.sli_kind = None;
    assert_eq!(refused(&latency).0, "sli.threshold_ms");
    let mut throughput = draft(99.0);
    throughput.sli_kind = Some("throughput".to_owned());
    throughput.minimum_per_s = Some(f64::NAN);
    assert_eq!(refused(&throughput).0, "sli.minimum_per_s");
}

#[test]
fn a_window_too_short_for_the_probe_interval_is_accepted_with_a_warning() {
    let mut short = draft(99.9);
    short.window = Some(DraftWindow::Rolling(600));
    let warnings = check(&short).unwrap().warnings;
    assert!(
        warnings[0].starts_with("The rule page-quick looks back 0.83 s"),
        "{warnings:?}"
    );
}

#[test]
fn a_new_objective_keeps_the_counts_and_a_new_indicator_does_not() {
    let before = check(&draft(99.9)).unwrap().definition;
    let mut objective = before.clone();
    objective.objective = Objective::from_percent(99.0).unwrap();
    assert!(before.counts_like(&objective));
    let mut checks = before.clone();
    checks.sli.checks = CheckSelection::Named(vec!["health".to_owned()]);
    assert!(!before.counts_like(&checks));
}
