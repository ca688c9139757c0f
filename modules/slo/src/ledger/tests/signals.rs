//! What is said, and when.

use super::*;

const PAGE: &str = "burn-rate";

#[test]
fn an_outage_pages_on_the_deciding_probe_and_resolves_after_it() {
    let mut fleet = Fleet::of(&promise(three_nines(), START));
    fleet.probes(7 * 60 * MINUTE, MINUTE, Outcome::Good);
    // Every level is stated once, so that an alert of an earlier run is resolved.
    assert_eq!(
        fleet.heard.take(),
        [
            (PAGE, Severity::Page, false),
            (PAGE, Severity::Ticket, false),
            ("budget-spent", Severity::Ticket, false),
        ]
    );
    fleet.now += SECOND;
    fleet.probe(Outcome::NoAnswer);
    assert_eq!(fleet.heard.take(), [], "one bad probe is no trend");
    fleet.now += SECOND;
    fleet.probe(Outcome::NoAnswer);
    assert_eq!(
        fleet.heard.take(),
        [(PAGE, Severity::Page, true)],
        "decided on the event, without a tick"
    );
    assert_eq!(fleet.standing().state, BudgetState::Burning);
    fleet.probes(4 * MINUTE, 15 * SECOND, Outcome::Good);
    assert_eq!(fleet.heard.take(), [], "the short window still holds the failures");
    fleet.probes(8 * MINUTE, 15 * SECOND, Outcome::Good);
    assert!(fleet.heard.take().contains(&(PAGE, Severity::Page, false)));
}

#[test]
fn the_page_says_what_happened_with_numbers_and_when_the_budget_is_gone() {
    let mut fleet = Fleet::of(&promise(three_nines(), START));
    fleet.probes(70 * MINUTE, MINUTE, Outcome::Good);
    fleet.probes(2 * MINUTE, MINUTE, Outcome::NoAnswer);
    let signal = fleet.heard.last_firing(AlertKind::BurnRate {
        severity: Severity::Page,
    });
    assert_eq!(signal.title, "api burns its availability budget 400 times too fast");
    assert_eq!(
        signal.summary,
        "api burns its 30-day availability budget 400 times too fast: 2 of 5 probes failed in 5 min; a page is due above 14.4 times \
         over 1 h (2 of 60 probes failed there); at this rate it is gone in 1 h 43 min."
    );
    assert_eq!(signal.values["rule"], "page-quick");
    assert_eq!(signal.values["factor"], 14.4);
    let burn = signal.values["burn"].as_f64().unwrap();
    assert!((burn - 400.0).abs() < 1e-6, "{burn}");
    assert_eq!(signal.values["long_bad"], 2);
}

#[test]
fn a_service_that_is_down_is_at_risk_until_a_rule_fires_and_never_on_track() {
    // Two checks, one of which fails, and a low objective: it takes long until a rule fires.
    let draft = Draft {
        objective: Some(95.0),
        ..Draft::default()
    };
    let mut fleet = Fleet::of(&promise(draft, START));
    fleet.probes(120 * MINUTE, 15 * SECOND, Outcome::Good);
    assert_eq!(fleet.standing().state, BudgetState::Ok);
    fleet.probes(15 * SECOND, 15 * SECOND, Outcome::NoAnswer);
    assert_eq!(fleet.standing().state, BudgetState::Ok, "one bad probe is no trend");
    fleet.probes(3 * SECOND, SECOND, Outcome::NoAnswer);
    let standing = fleet.standing();
    assert_eq!(standing.state, BudgetState::AtRisk);
    assert!(standing.rules.iter().all(|reading| !reading.firing));
    assert!(standing.budget.burn_rate.unwrap() < 1.0, "the hour before hides it");
    let promise = fleet.ledger.accounts()[0].promise();
    assert_eq!(
        sentences::state(&promise.definition, &standing),
        "Almost the whole budget is left. It burns 3.5 times too fast: 4 of 23 probes failed in the last 5 min. No alert is due \
         yet."
    );
    fleet.probes(6 * MINUTE, 15 * SECOND, Outcome::Good);
    assert_eq!(fleet.standing().state, BudgetState::Ok);
}

#[test]
fn a_service_that_fails_its_first_probes_while_it_starts_pages_nobody() {
    let mut fleet = Fleet::of(&promise(three_nines(), START));
    fleet.probes(3 * SECOND, SECOND, Outcome::NoAnswer);
    fleet.probes(30 * MINUTE, 15 * SECOND, Outcome::Good);
    assert!(fleet.heard.take().iter().all(|(_, _, firing)| !firing));
    // A service that never starts has spent its two percent after 52 seconds.
    let mut fleet = Fleet::of(&promise(three_nines(), START));
    fleet.probes(52 * SECOND, SECOND, Outcome::NoAnswer);
    assert!(fleet.heard.take().iter().all(|(_, _, firing)| !firing));
    fleet.probes(2 * SECOND, SECOND, Outcome::NoAnswer);
    assert!(fleet.heard.take().contains(&(PAGE, Severity::Page, true)));
}

#[test]
fn a_page_about_a_young_objective_does_not_flap_while_its_other_check_goes_on_answering() {
    // One check fails and the other answers, in turn. Each good probe takes the long window's rate a little below the
    // factor that the bad one before it has just taken it above, for as long as the two are close.
    let draft = Draft {
        rules: Some(vec!["page-quick".to_owned()]),
        ..three_nines()
    };
    let mut fleet = Fleet::of(&promise(draft, START));
    fleet.probes(60 * SECOND, 10 * SECOND, Outcome::Good);
    for _ in 0..60 {
        fleet.probes(2 * SECOND, 2 * SECOND, Outcome::NoAnswer);
        fleet.probes(2 * SECOND, SECOND, Outcome::Good);
    }
    let pages: Vec<_> = fleet
        .heard
        .take()
        .into_iter()
        .filter(|(kind, severity, _)| *kind == PAGE && *severity == Severity::Page)
        .map(|(.., firing)| firing)
        .collect();
    assert_eq!(pages.iter().filter(|firing| **firing).count(), 1, "{pages:?}");
    assert_eq!(pages.last(), Some(&true), "{pages:?}");
    // The trouble is over: the short window has to forget it, and then be quiet for as long again.
    fleet.probes(9 * MINUTE, 15 * SECOND, Outcome::Good);
    assert!(!fleet.heard.take().contains(&(PAGE, Severity::Page, false)));
    fleet.probes(2 * MINUTE, 15 * SECOND, Outcome::Good);
    assert!(fleet.heard.take().contains(&(PAGE, Severity::Page, false)));
}

#[test]
fn a_slow_burn_opens_a_ticket_and_no_page() {
    // One in 500 fails: a burn of 2, above the slow ticket's 1 and below everything else.
    let mut fleet = Fleet::of(&promise(three_nines(), START));
    for _ in 0..20 {
        fleet.probes(499 * 15 * SECOND, 15 * SECOND, Outcome::Good);
        fleet.probes(15 * SECOND, 15 * SECOND, Outcome::WrongAnswer);
    }
    let heard = fleet.heard.take();
    assert!(heard.contains(&(PAGE, Severity::Ticket, true)), "{heard:?}");
    assert!(!heard.contains(&(PAGE, Severity::Page, true)), "{heard:?}");
    assert_eq!(fleet.standing().state, BudgetState::Warning);
}

#[test]
fn whoever_was_paged_gets_no_ticket_beside_the_page() {
    let mut fleet = Fleet::of(&promise(three_nines(), START));
    fleet.probes(10 * MINUTE, 15 * SECOND, Outcome::Good);
    fleet.probes(3 * MINUTE, 15 * SECOND, Outcome::NoAnswer);
    let heard = fleet.heard.take();
    assert!(heard.contains(&(PAGE, Severity::Page, true)));
    assert!(!heard.contains(&(PAGE, Severity::Ticket, true)), "{heard:?}");
}

#[test]
fn a_spent_budget_is_announced_once_and_in_minutes() {
    let mut fleet = Fleet::of(&promise(three_nines(), START));
    fleet.probes(60 * MINUTE, 15 * SECOND, Outcome::Good);
    fleet.probes(40 * MINUTE, 15 * SECOND, Outcome::NoAnswer);
    let heard = fleet.heard.take();
    assert_eq!(
        heard
            .iter()
            .filter(|said| **said == ("budget-spent", Severity::Ticket, true))
            .count(),
        1
    );
    let signal = {
        fleet.probes(MINUTE, 15 * SECOND, Outcome::NoAnswer);
        fleet.standing()
    };
    assert!(signal.budget.remaining_minutes.unwrap() < 5.0);
}

#[test]
fn a_compressed_demo_window_pages_within_two_probes_and_resolves_after_the_hold_time() {
    let draft = Draft {
        window: Some(DraftWindow::Rolling(1_200)),
        objective: Some(99.0),
        ..Draft::default()
    };
    let mut fleet = Fleet::of(&promise(draft, START));
    fleet.probes(MINUTE, SECOND, Outcome::Good);
    fleet.heard.take();
    fleet.probes(2 * SECOND, SECOND, Outcome::NoAnswer);
    assert_eq!(fleet.heard.take(), [(PAGE, Severity::Page, true)]);
    fleet.probes(20 * SECOND, SECOND, Outcome::NoAnswer);
    assert!(
        !fleet.heard.take().contains(&(PAGE, Severity::Page, false)),
        "it does not flap while the trouble lasts"
    );
    fleet.probes(60 * SECOND, SECOND, Outcome::Good);
    assert!(fleet.heard.take().contains(&(PAGE, Severity::Page, false)));
}

#[test]
fn nothing_is_decided_on_counts_that_are_not_loaded_yet() {
    let old = promise(three_nines(), START - 30 * 86_400 * SECOND);
    let mut fleet = Fleet::of(&old);
    fleet.ledger.loaded(START);
    fleet.probes(MINUTE, 15 * SECOND, Outcome::NoAnswer);
    assert_eq!(fleet.heard.take(), []);
    // The last hour is loaded: full of good probes that put the failures in proportion.
    let account = fleet.ledger.to_load().remove(&old.series).unwrap();
    account.book().load_bucket(START - 3_600 * SECOND, 100_000, 0);
    fleet.ledger.loaded(START - 3_600 * SECOND);
    fleet.probes(30 * SECOND, 15 * SECOND, Outcome::NoAnswer);
    assert_eq!(fleet.heard.take(), [], "the quick page may decide, and sees no trend");
}

#[test]
fn after_a_restart_in_the_middle_of_an_alert_the_first_words_are_not_that_it_is_over() {
    let old = promise(three_nines(), START - 86_400 * SECOND);
    let mut fleet = Fleet::of(&old);
    let account = fleet.ledger.to_load().remove(&old.series).unwrap();
    account.book().load_bucket(START - 300 * SECOND, 20, 20);
    drop(account);
    fleet.probes(15 * SECOND, 15 * SECOND, Outcome::NoAnswer);
    assert!(fleet.heard.take().contains(&(PAGE, Severity::Page, true)));
}

#[test]
fn a_removed_promise_takes_its_alerts_back() {
    let mut fleet = Fleet::of(&promise(three_nines(), START));
    fleet.probes(MINUTE, 15 * SECOND, Outcome::NoAnswer);
    fleet.heard.take();
    fleet.ledger.keep(&[], fleet.now, &fleet.heard);
    assert_eq!(
        fleet.heard.take(),
        [
            (PAGE, Severity::Page, false),
            (PAGE, Severity::Ticket, false),
            ("budget-spent", Severity::Ticket, false),
        ]
    );
}

#[test]
fn a_new_window_keeps_the_counts_and_a_new_indicator_begins_anew() {
    let before = promise(three_nines(), START);
    let mut fleet = Fleet::of(&before);
    fleet.probes(MINUTE, 15 * SECOND, Outcome::Good);
    let week = Draft {
        window: Some(DraftWindow::Rolling(7 * 86_400)),
        ..three_nines()
    };
    let longer = promise(week, START);
    fleet
        .ledger
        .keep(std::slice::from_ref(&longer), fleet.now, &fleet.heard);
    assert_eq!(fleet.standing().budget.counts.total, 4);
    let other = Arc::new(Promise {
        series: SeriesId::from_uuid(Uuid::from_u128(3)),
        series_since: Timestamp::from_microsecond(fleet.now + 1).unwrap(),
        ..(*longer).clone()
    });
    fleet.ledger.keep(std::slice::from_ref(&other), fleet.now, &fleet.heard);
    assert_eq!(fleet.standing().budget.counts.total, 0);
    fleet.probe(Outcome::Good);
    assert_eq!(
        fleet.standing().budget.counts.total,
        0,
        "the probe ended before the series began"
    );
}

#[test]
fn a_clock_put_back_an_hour_still_pages_and_keeps_the_budget() {
    let mut fleet = Fleet::of(&promise(three_nines(), START - 86_400 * SECOND));
    fleet.probes(120 * MINUTE, 15 * SECOND, Outcome::Good);
    fleet.heard.take();
    fleet.now -= 60 * MINUTE;
    fleet.probes(3 * MINUTE, 15 * SECOND, Outcome::NoAnswer);
    assert!(fleet.heard.take().contains(&(PAGE, Severity::Page, true)));
    let counts = fleet.standing().budget.counts;
    assert_eq!((counts.total, counts.bad), (480 + 12, 12));
}

#[test]
fn a_listener_that_has_heard_nothing_so_far_is_told_every_level_again() {
    let mut fleet = Fleet::of(&promise(three_nines(), START));
    fleet.probes(70 * MINUTE, MINUTE, Outcome::Good);
    fleet.probes(2 * MINUTE, MINUTE, Outcome::NoAnswer);
    assert!(fleet.heard.take().contains(&(PAGE, Severity::Page, true)));
    fleet.ledger.tick(fleet.now, &fleet.heard);
    assert_eq!(fleet.heard.take(), []);
    fleet.ledger.state_anew(fleet.now);
    fleet.ledger.tick(fleet.now, &fleet.heard);
    let stated = fleet.heard.take();
    assert!(stated.contains(&(PAGE, Severity::Page, true)), "{stated:?}");
}
