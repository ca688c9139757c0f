//! One failure at the bottom, decided in every possible order, with every possible order of recovery.

use rstest::rstest;

use super::*;

/// What is decided about the services above the failure.
#[derive(Debug, Clone, Copy)]
enum Decision {
    Down(&'static str),
    Burn(&'static str),
}

/// All `services` fail, beginning with `root`; `order` is the order in which that is decided, `gap` seconds apart.
fn fail(edges: &str, root: &str, services: &[&str], order: &[Decision], gap: i64) -> Scene {
    let mut scene = Scene::of(edges);
    scene.falters(root);
    scene.now += SignedDuration::from_millis(200);
    for service in services {
        scene.falters(service);
    }
    scene.now = second(2);
    for decision in order {
        match decision {
            Decision::Down(service) => scene.down(service),
            Decision::Burn(service) => scene.burn(service, Severity::Page),
        }
        scene.check();
        scene.wait(gap);
    }
    scene
}

fn downs(services: &[&'static str]) -> Vec<Decision> {
    services.iter().map(|service| Decision::Down(service)).collect()
}

#[rstest]
#[case::pair("web>data", "data", &["web", "data"])]
#[case::chain("web>api api>data", "data", &["web", "api", "data"])]
#[case::long_chain("web>api api>app app>data data>disk", "disk", &["web", "api", "app", "data", "disk"])]
#[case::diamond("web>api web>app api>data app>data", "data", &["web", "api", "app", "data"])]
#[case::shortcut("web>api api>data web>data", "data", &["web", "api", "data"])]
#[case::two_heads("web>data mobile>data admin>web", "data", &["web", "mobile", "admin", "data"])]
#[case::cycle("a>b b>a", "a", &["a", "b"])]
#[case::cycle_of_three("a>b b>c c>a", "b", &["a", "b", "c"])]
#[case::cycle_above("web>a a>b b>a b>data", "data", &["web", "a", "b", "data"])]
#[case::cycle_below("web>a a>b b>a", "b", &["web", "a", "b"])]
#[case::needs_itself("api>api web>api", "api", &["api", "web"])]
fn whatever_the_order_of_detection_there_is_one_root_alert(
    #[case] edges: &str,
    #[case] root: &str,
    #[case] services: &[&'static str],
) {
    for order in permutations(&downs(services)) {
        let mut scene = fail(edges, root, services, &order, 1);
        scene.wait(600);
        scene.check_settled();
        assert_eq!(scene.opened, [down_key(root)], "{order:?}");
        for service in services.iter().filter(|service| **service != root) {
            let path = scene.path(&down_key(service)).unwrap();
            assert_eq!(
                (path.first().unwrap().as_str(), path.last().unwrap().as_str()),
                (*service, root)
            );
        }

        for recovery in permutations(services) {
            let mut scene = fail(edges, root, services, &order, 1);
            scene.wait(120);
            for service in &recovery {
                scene.up(service);
                scene.check();
                scene.wait(10);
            }
            scene.wait(600);
            assert_eq!(scene.opened, [down_key(root)], "{order:?} {recovery:?}");
            assert_eq!(scene.resolved, [down_key(root)], "{order:?} {recovery:?}");
            assert_eq!(scene.fold.open().count(), 0);
        }
    }
}

#[rstest]
#[case::chain("web>api api>data", "data", &["web", "api", "data"])]
#[case::diamond("web>api web>data api>data", "data", &["web", "api", "data"])]
#[case::cycle("web>api api>data data>api", "data", &["web", "api", "data"])]
fn burning_budgets_add_no_page_to_the_root_alert_in_any_order(
    #[case] edges: &str,
    #[case] root: &str,
    #[case] services: &[&'static str],
) {
    let mut decisions = downs(services);
    decisions.extend(services.iter().map(|service| Decision::Burn(service)));
    for order in permutations(&decisions) {
        let mut scene = fail(edges, root, services, &order, 1);
        scene.wait(600);
        scene.check_settled();
        assert_eq!(scene.opened, [down_key(root)], "{order:?}");
    }
}

#[rstest]
fn a_restart_after_any_step_of_any_order_changes_nothing(#[values(0, 1, 2, 3)] restart_after: usize) {
    for order in permutations(&downs(&["web", "api", "app", "data"])) {
        let mut scene = Scene::of("web>api web>app api>data app>data");
        for service in ["data", "web", "api", "app"] {
            scene.falters(service);
            scene.now += SignedDuration::from_millis(1);
        }
        scene.now = second(2);
        for (step, decision) in order.iter().enumerate() {
            let Decision::Down(service) = decision else { continue };
            scene.down(service);
            if step == restart_after {
                scene.restart();
            }
            scene.wait(1);
        }
        scene.wait(600);
        scene.check_settled();
        assert_eq!(scene.opened, [down_key("data")], "{order:?}");
    }
}

#[test]
fn dependants_decided_up_to_thirty_seconds_late_are_folded_and_never_delivered() {
    for order in permutations(&downs(&["api", "web", "data"])) {
        // Each decision 14 s after the other: the whole chain within the patience of the first.
        let mut scene = fail("web>api api>data", "data", &["web", "api", "data"], &order, 14);
        scene.wait(600);
        assert_eq!(scene.opened, [down_key("data")], "{order:?}");
    }
}

#[test]
fn a_dependant_that_outlives_every_root_is_told_of_once() {
    for recovery in permutations(&["data", "auth"]) {
        let mut scene = Scene::of("web>data web>auth");
        for service in ["data", "auth", "web"] {
            scene.down(service);
        }
        for service in recovery {
            scene.up(service);
            scene.wait(30);
        }
        scene.wait(30);
        assert_eq!(
            scene.opened_services(),
            ["data service-down", "auth service-down", "web service-down"]
        );
    }
}
