//! Random fleets and random histories.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Falter(usize),
    Down(usize),
    Up(usize),
    Burn(usize, bool),
    BurnEnds(usize, bool),
    Probe(usize),
    Wait(i64),
    Cut(usize, usize),
    Restart,
    Silence(usize, i64),
    LiftSilences,
}

const SERVICES: usize = 6;

fn service(index: usize) -> String {
    format!("s{index}")
}

fn step() -> impl Strategy<Value = Step> {
    let one = 0..SERVICES;
    prop_oneof![
        2 => one.clone().prop_map(Step::Falter),
        4 => one.clone().prop_map(Step::Down),
        4 => one.clone().prop_map(Step::Up),
        2 => (one.clone(), any::<bool>()).prop_map(|(service, page)| Step::Burn(service, page)),
        2 => (one.clone(), any::<bool>()).prop_map(|(service, page)| Step::BurnEnds(service, page)),
        1 => one.clone().prop_map(Step::Probe),
        4 => (0_i64..90).prop_map(Step::Wait),
        1 => (one.clone(), one.clone()).prop_map(|(from, to)| Step::Cut(from, to)),
        1 => Just(Step::Restart),
        1 => (one, 1_i64..300).prop_map(|(service, seconds)| Step::Silence(service, seconds)),
        1 => Just(Step::LiftSilences),
    ]
}

fn fleet(edges: &[(usize, usize)]) -> String {
    let mut text: Vec<String> = (0..SERVICES).map(service).collect();
    text.extend(
        edges
            .iter()
            .map(|(from, to)| format!("{}>{}", service(*from), service(*to))),
    );
    text.join(" ")
}

fn severity(page: bool) -> Severity {
    if page { Severity::Page } else { Severity::Ticket }
}

fn play(scene: &mut Scene, step: &Step) {
    match step {
        Step::Falter(index) => scene.falters(&service(*index)),
        Step::Down(index) => scene.down_with(&service(*index), severity(index % 2 == 0)),
        Step::Up(index) => scene.up(&service(*index)),
        Step::Burn(index, page) => scene.burn(&service(*index), severity(*page)),
        Step::BurnEnds(index, page) => scene.burn_ends(&service(*index), severity(*page)),
        Step::Probe(index) => {
            if !scene.failing_since.contains_key(&name(&service(*index))) {
                scene.probe(&name(&service(*index)));
            }
        }
        Step::Wait(seconds) => scene.wait(*seconds),
        Step::Cut(from, to) => {
            if let Some(needs) = scene.needs.get_mut(&name(&service(*from))) {
                needs.remove(&name(&service(*to)));
            }
            scene.apply(Event::FleetChanged);
        }
        Step::Restart => scene.restart(),
        Step::Silence(index, seconds) => {
            let mut silences = scene.fold.silences.clone();
            silences.push(Silence {
                source: None,
                declared_as: None,
                id: crate::alert::model::SilenceId::from_uuid(mainstay_kernel::uuid::Uuid::nil()),
                service: Some(name(&service(*index))),
                slo_id: None,
                kind: None,
                reason: String::new(),
                created_by: String::new(),
                starts_at: scene.now,
                ends_at: scene.now + SignedDuration::from_secs(*seconds),
            });
            scene.apply(Event::Silences(silences));
        }
        Step::LiftSilences => scene.apply(Event::Silences(Vec::new())),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn in_any_history_nothing_stays_untold_and_nothing_is_told_twice(
        edges in prop::collection::vec((0..SERVICES, 0..SERVICES), 0..10),
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let mut scene = Scene::of(&fleet(&edges));
        for step in &steps {
            play(&mut scene, step);
            scene.check();
        }
        scene.wait(1000);
        scene.check_settled();
        // Whatever was told to be open is told to be over, once.
        for index in 0..SERVICES {
            scene.up(&service(index));
            for page in [true, false] {
                scene.burn_ends(&service(index), severity(page));
            }
        }
        let mut opened = scene.opened.clone();
        let mut resolved = scene.resolved.clone();
        opened.sort();
        resolved.sort();
        prop_assert_eq!(opened, resolved);
        prop_assert_eq!(scene.fold.open().count(), 0);
        prop_assert_eq!(scene.fold.next_deadline(), None);
        prop_assert!(scene.fold.awaited.is_empty() && scene.fold.children.is_empty() && scene.fold.down.is_empty());
    }

    #[test]
    fn a_page_is_never_left_under_a_ticket_that_nobody_is_woken_for(
        edges in prop::collection::vec((0..SERVICES, 0..SERVICES), 0..10),
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let mut scene = Scene::of(&fleet(&edges));
        for step in &steps {
            play(&mut scene, step);
            for alert in scene.fold.open() {
                if let Phase::Folded { root, root_gone_at: None, .. } = &alert.phase {
                    let root = scene.fold.alert(*root).unwrap();
                    prop_assert!(root.severity <= alert.severity || alert.told_at.is_some());
                }
            }
        }
    }

    #[test]
    fn one_failure_below_a_random_fleet_is_one_root_alert(
        edges in prop::collection::vec((0..SERVICES, 0..SERVICES), 0..12),
        root in 0..SERVICES,
        order in Just((0..SERVICES).collect::<Vec<_>>()).prop_shuffle(),
        gaps in prop::collection::vec(0_i64..5, SERVICES),
        burns in prop::collection::vec(any::<bool>(), SERVICES),
    ) {
        let mut scene = Scene::of(&fleet(&edges));
        let root = service(root);
        let mut affected = SceneView(&scene).transitive_dependants(&name(&root));
        affected.retain(|service| service.as_str() != root);
        scene.falters(&root);
        scene.now += SignedDuration::from_millis(1);
        for service in &affected {
            scene.falters(service.as_str());
        }
        scene.now = second(2);
        for (index, gap) in order.iter().zip(gaps) {
            let service = service(*index);
            if service == root || affected.contains(&name(&service)) {
                if burns[*index] {
                    scene.burn(&service, Severity::Page);
                }
                scene.down(&service);
                scene.wait(gap);
            }
        }
        scene.wait(1000);
        scene.check_settled();
        prop_assert_eq!(&scene.opened, &[down_key(&root)]);
        prop_assert_eq!(scene.fold.open().filter(|alert| alert.key.kind == AlertKind::ServiceDown).count(), affected.len() + 1);
    }
}
