//! What holds for any numbers.

use proptest::prelude::*;

use super::*;

#[test]
fn what_is_too_much_is_left_out_and_said() {
    let system = System {
        components: vec![Component::default(); MOST_COMPONENTS + 3],
        calls: vec![(0, crate::bounds::count(MOST_COMPONENTS) + 1)],
        ..System::default()
    };
    let ranking = ask(&system);
    assert_eq!((ranking.left_out, ranking.finds_none()), (3, true));
}

/// A system of some components with any numbers.
fn systems() -> impl Strategy<Value = System> {
    let roles = prop::sample::select(vec![
        Role::Cpu,
        Role::Memory,
        Role::Latency,
        Role::Availability,
        Role::Error,
        Role::Traffic,
        Role::Saturation,
    ]);
    let value = prop_oneof![8 => 0.0..100.0_f64, 1 => Just(f64::NAN), 1 => Just(f64::INFINITY), 1 => any::<f64>()];
    let one = (0..9_u32, roles, 1..400_i64, prop::collection::vec(value, 0..200));
    let calls = prop::collection::vec((0..9_u32, 0..9_u32), 0..12);
    (1..8_usize, prop::collection::vec(one, 0..8), calls).prop_map(|(count, series, calls)| {
        let names: Vec<String> = (0..count).map(|at| format!("component {at}")).collect();
        let mut system = named(&names.iter().map(String::as_str).collect::<Vec<_>>());
        system.calls = calls;
        system.series = series
            .into_iter()
            .map(|(owner, role, step, values)| {
                let times: Vec<i64> = (0_i64..).take(values.len()).map(|at| at * step * SECOND).collect();
                Series {
                    subject: Subject::Component(owner),
                    role,
                    samples: Samples::new(times.into(), values),
                    baseline: Samples::default(),
                    witness: 0,
                }
            })
            .collect();
        system
    })
}

/// The same with the components in another order.
fn turned(system: &System) -> System {
    let count = u32::try_from(system.components.len()).unwrap();
    let turn = |at: u32| if at < count { count - 1 - at } else { at };
    let mut turned = system.clone();
    turned.components.reverse();
    for pair in &mut turned.calls {
        *pair = (turn(pair.0), turn(pair.1));
    }
    for series in &mut turned.series {
        if let Subject::Component(owner) = series.subject {
            series.subject = Subject::Component(turn(owner));
        }
    }
    turned
}

/// Probability of each component by its name.
fn by_name(system: &System, ranking: &Ranking) -> Vec<(String, f64)> {
    let name = |cause: &Cause| system.components[cause.component as usize].name.clone();
    ranking
        .causes
        .iter()
        .map(|cause| (name(cause), cause.probability))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_probabilities_sum_to_one(system in systems(), onset in 0..60_000_i64) {
        let ranking = rank(&system, &at(onset), &WEIGHTS);
        let sum: f64 = ranking.causes.iter().map(|cause| cause.probability).sum::<f64>() + ranking.none;
        prop_assert!((sum - 1.0).abs() < 1e-9, "{}", sum);
        for share in ranking.causes.iter().flat_map(|cause| &cause.shares) {
            prop_assert!((0.0..=1.0 + 1e-12).contains(&share.evidence), "{:?}", share);
        }
    }

    #[test]
    fn the_order_of_the_components_does_not_matter(system in systems(), onset in 0..60_000_i64) {
        let other = turned(&system);
        let (one, two) = (rank(&system, &at(onset), &WEIGHTS), rank(&other, &at(onset), &WEIGHTS));
        prop_assert!((one.none - two.none).abs() < 1e-9);
        for ((name, p), (other, q)) in by_name(&system, &one).iter().zip(by_name(&other, &two)) {
            prop_assert!((p - q).abs() < 1e-9, "{name} {other}");
        }
    }

    #[test]
    fn a_component_nothing_is_known_of_changes_nothing_but_the_number(system in systems(), onset in 0..60_000_i64) {
        let mut larger = system.clone();
        larger.components.push(Component { name: "unknown".to_owned(), is_address: false });
        // A series or a call that pointed beyond the list must not become the new one's.
        let count = u32::try_from(system.components.len()).unwrap();
        larger.series.retain(|series| matches!(series.subject, Subject::Component(owner) if owner < count));
        larger.calls.retain(|(caller, callee)| *caller < count && *callee < count);
        let (one, two) = (rank(&system, &at(onset), &WEIGHTS), rank(&larger, &at(onset), &WEIGHTS));
        // Odds between components stay; those of "none" rise with the number.
        let ratio = f64::from(count + 1) / f64::from(count);
        let (a, b) = (&one.causes[0], two.causes.iter().find(|cause| cause.component == one.causes[0].component));
        let b = b.unwrap();
        prop_assert!((b.probability * one.none * ratio - a.probability * two.none).abs() < 1e-9);
    }
}
