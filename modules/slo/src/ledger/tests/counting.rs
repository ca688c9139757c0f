//! What is counted, and how fast.

use super::*;

#[test]
fn latency_percentiles_come_from_good_answers_only() {
    let draft = Draft {
        sli_kind: Some("latency".to_owned()),
        threshold_ms: Some(100.0),
        objective: Some(95.0),
        ..Draft::default()
    };
    let mut fleet = Fleet::of(&promise(draft, START));
    fleet.probes(5 * MINUTE, 15 * SECOND, Outcome::Good);
    fleet.probes(5 * MINUTE, 15 * SECOND, Outcome::NoAnswer);
    let standing = fleet.standing();
    assert_eq!(standing.budget.counts.total, 20);
    let percentiles = standing.percentiles.unwrap();
    assert!((20.0..21.5).contains(&percentiles.p99_ms), "{percentiles:?}");
}

#[test]
fn what_is_written_is_what_is_counted() {
    let fleet = Fleet::of(&promise(three_nines(), START));
    let environment = Environment::production();
    let (api, web) = (ServiceName::parse("api").unwrap(), ServiceName::parse("web").unwrap());
    let probe = |at, outcome| Observation {
        check: CheckFacts {
            name: "health",
            role: "health",
        },
        at,
        duration_us: 1,
        outcome,
    };
    let counted = [
        (&api, probe(START - 1, Outcome::Good)),
        (&api, probe(START, Outcome::Good)),
        (&api, probe(START + 299 * SECOND, Outcome::NoAnswer)),
        (&api, probe(START + 300 * SECOND, Outcome::Good)),
        (&web, probe(START, Outcome::Good)),
    ]
    .map(|(service, probe)| Counted {
        environment: &environment,
        service,
        probe,
    });
    let rows = Rows::of(counted.into_iter(), |environment, service| {
        fleet.ledger.promises_of(environment, service)
    });
    let counts: Vec<_> = rows
        .buckets
        .iter()
        .map(|row| ((row.at - START) / SECOND, row.total, row.bad))
        .collect();
    assert_eq!(
        counts,
        [(0, 2, 1), (300, 1, 0)],
        "what ended before the series began and other services do not count"
    );
    assert!(rows.latency.is_empty());
}

#[test]
fn a_thousand_slos_are_decided_well_within_a_tick() {
    let ledger = Ledger::new(HOLD, START);
    let heard = Heard::default();
    let promises: Vec<_> = (0..1_000_u128)
        .map(|index| {
            let base = promise(three_nines(), START - 40 * 86_400 * SECOND);
            Arc::new(Promise {
                id: SloId::from_uuid(Uuid::from_u128(index)),
                series: SeriesId::from_uuid(Uuid::from_u128(index)),
                ..(*base).clone()
            })
        })
        .collect();
    ledger.keep(&promises, START, &heard);
    ledger.loaded(Micros::MIN);
    for account in ledger.accounts() {
        let mut book = account.book();
        for bucket in 0..8_640_u32 {
            // A bad event now and then, so that nothing is skipped.
            let at = START - i64::from(bucket) * 300 * SECOND;
            book.load_bucket(at, 20, u32::from(bucket % 1_000 == 0));
        }
    }
    ledger.tick(START, &heard);
    let begun = std::time::Instant::now();
    ledger.tick(START + SECOND, &heard);
    let took = begun.elapsed();
    // Fifty milliseconds optimised; an unoptimised build is given ten times as long.
    let most = if cfg!(debug_assertions) { 500 } else { 50 };
    println!("one tick over 1,000 SLOs took {took:?}");
    assert!(took.as_millis() < most, "{took:?}");
}
