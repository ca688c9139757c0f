//! What a silence keeps back, and for how long.

use super::*;

fn silence(service: &str, from: i64, to: i64) -> Silence {
    Silence {
        source: None,
        declared_as: None,
        id: crate::alert::model::SilenceId::from_uuid(mainstay_kernel::uuid::Uuid::nil()),
        service: Some(name(service)),
        slo_id: None,
        kind: None,
        reason: "moving house".into(),
        created_by: "ada".into(),
        starts_at: second(from),
        ends_at: second(to),
    }
}

#[test]
fn a_silenced_alert_is_told_of_when_the_silence_ends_and_it_still_holds() {
    let mut scene = Scene::of("api");
    scene.apply(Event::Silences(vec![silence("api", 0, 100)]));
    scene.down("api");
    scene.wait(99);
    assert!(scene.opened.is_empty());
    scene.wait(1);
    assert_eq!(scene.opened_services(), ["api service-down"]);
}

#[test]
fn lifting_or_prolonging_a_silence_counts_at_once() {
    let mut scene = Scene::of("api");
    scene.apply(Event::Silences(vec![silence("api", 0, 100)]));
    scene.down("api");
    scene.apply(Event::Silences(vec![silence("api", 0, 200)]));
    scene.wait(150);
    assert!(scene.opened.is_empty());
    scene.apply(Event::Silences(Vec::new()));
    assert_eq!(scene.opened_services(), ["api service-down"]);
}

#[test]
fn a_silence_on_another_service_changes_nothing() {
    let mut scene = Scene::of("api");
    scene.apply(Event::Silences(vec![silence("web", 0, 100), silence("api", 50, 100)]));
    scene.down("api");
    assert_eq!(scene.opened.len(), 1);
}

#[test]
fn a_silenced_alert_that_clears_was_never_told_of() {
    let mut scene = Scene::of("api");
    scene.apply(Event::Silences(vec![silence("api", 0, 100)]));
    scene.down("api");
    scene.up("api");
    scene.wait(1000);
    assert!(scene.opened.is_empty() && scene.resolved.is_empty());
}
