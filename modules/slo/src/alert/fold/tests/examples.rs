//! One behaviour of the machine at a time.

use super::*;

#[test]
fn a_service_that_needs_nothing_is_told_of_at_once() {
    let mut scene = Scene::of("web>api");
    scene.down("api");
    assert_eq!(scene.opened_services(), ["api service-down"]);
}

#[test]
fn dependencies_probed_well_since_the_failure_began_make_waiting_needless() {
    let mut scene = Scene::of("web>api api>data");
    scene.falters("web");
    scene.now = second(1);
    scene.probe(&name("api"));
    scene.probe(&name("data"));
    scene.down("web");
    assert_eq!(scene.opened_services(), ["web service-down"]);
    assert!(
        !scene
            .log
            .iter()
            .any(|effect| matches!(effect, Effect::Held { .. } | Effect::Kick(_)))
    );
}

#[test]
fn a_probe_that_started_before_the_failure_proves_nothing() {
    let mut scene = Scene::of("web>data");
    scene.probe(&name("data"));
    scene.now = second(1);
    scene.falters("web");
    scene.falters("data");
    scene.now = second(3);
    scene.down("web");
    assert!(scene.log.contains(&Effect::Kick(name("data"))));
    assert!(scene.opened.is_empty());
    scene.apply(Event::Probed {
        service: name("data"),
        started_at: second(0),
        well: true,
    });
    assert!(scene.opened.is_empty());
}

#[test]
fn an_alert_waits_until_its_dependency_answers() {
    let mut scene = Scene::of("web>data");
    scene.falters("data");
    scene.down("web");
    scene.wait(5);
    assert!(scene.opened.is_empty());
    scene.failing_since.clear();
    scene.failing_since.insert(name("web"), second(0));
    scene.probe(&name("data"));
    assert_eq!(scene.opened_services(), ["web service-down"]);
}

#[test]
fn an_alert_waits_thirty_seconds_at_most() {
    let mut scene = Scene::of("web>data");
    scene.falters("data");
    scene.down("web");
    scene.wait(29);
    assert!(scene.opened.is_empty());
    scene.wait(1);
    assert_eq!(scene.opened_services(), ["web service-down"]);
    assert_eq!(scene.find(&down_key("web")).told_at, Some(second(30)));
}

#[test]
fn a_cause_found_within_thirty_seconds_after_the_delivery_folds_it_still() {
    let mut scene = Scene::of("web>api api>data");
    scene.down("web");
    assert_eq!(scene.opened_services(), ["web service-down"]);
    scene.wait(30);
    scene.down("data");
    assert_eq!(scene.path(&down_key("web")).unwrap(), ["web", "api", "data"]);
    assert!(scene.log.contains(&Effect::Folded {
        alert: scene.find(&down_key("web")).id,
        late: true
    }));
    scene.up("data");
    scene.up("web");
    assert_eq!(scene.opened.len(), 2);
    assert_eq!(
        scene.resolved,
        [down_key("data"), down_key("web")],
        "what was told is also told to be over"
    );
}

#[test]
fn a_cause_found_later_than_that_is_another_cause() {
    let mut scene = Scene::of("web>data");
    scene.down("web");
    scene.wait(31);
    scene.down("data");
    assert_eq!(scene.path(&down_key("web")), None);
    assert_eq!(scene.opened_services(), ["web service-down", "data service-down"]);
}

#[test]
fn what_still_fails_sixty_seconds_after_its_root_recovered_is_told_of() {
    let mut scene = Scene::of("web>data");
    scene.down("data");
    scene.down("web");
    scene.wait(600);
    assert_eq!(scene.opened_services(), ["data service-down"]);
    scene.up("data");
    scene.wait(59);
    assert_eq!(scene.opened.len(), 1);
    scene.wait(1);
    assert_eq!(scene.opened_services(), ["data service-down", "web service-down"]);
    scene.up("web");
    assert_eq!(scene.resolved, [down_key("data"), down_key("web")]);
}

#[test]
fn what_recovers_within_sixty_seconds_after_its_root_is_never_told_of() {
    let mut scene = Scene::of("web>data");
    scene.down("data");
    scene.down("web");
    scene.wait(5);
    scene.up("data");
    scene.wait(59);
    scene.up("web");
    scene.wait(1000);
    assert_eq!(scene.opened, [down_key("data")]);
    assert_eq!(scene.resolved, [down_key("data")]);
}

#[test]
fn a_root_that_fails_again_takes_its_dependants_back() {
    let mut scene = Scene::of("web>data");
    scene.down("data");
    scene.down("web");
    scene.up("data");
    scene.wait(40);
    scene.down("data");
    scene.wait(1000);
    assert_eq!(scene.opened_services(), ["data service-down", "data service-down"]);
    scene.check_settled();
}

#[test]
fn when_one_of_two_roots_recovers_the_alert_moves_under_the_other() {
    let mut scene = Scene::of("web>data web>auth");
    scene.down("data");
    scene.wait(2);
    scene.down("auth");
    scene.down("web");
    assert_eq!(scene.path(&down_key("web")).unwrap(), ["web", "data"]);
    scene.up("data");
    assert_eq!(scene.path(&down_key("web")).unwrap(), ["web", "auth"]);
    scene.wait(1000);
    assert_eq!(scene.opened_services(), ["data service-down", "auth service-down"]);
}

#[test]
fn of_two_dead_dependencies_the_root_is_the_one_that_failed_first_however_far_away() {
    // The same fleet and failures as in the test of the states of services.
    for order in [["s3", "s4"], ["s4", "s3"]] {
        let mut scene = Scene::of("s0>s1 s0>s2 s1>s3 s2>s4 s0>s4");
        scene.falters("s3");
        scene.now = second(2);
        scene.falters("s4");
        scene.now = second(4);
        for service in order {
            scene.down(service);
        }
        scene.down("s0");
        assert_eq!(scene.path(&down_key("s0")).unwrap(), ["s0", "s1", "s3"]);
    }
}

#[test]
fn in_a_cycle_the_root_is_the_member_that_failed_first() {
    for order in permutations(&["a", "b", "c"]) {
        let mut scene = Scene::of("a>b b>c c>a web>a");
        scene.falters("b");
        scene.now = second(1);
        scene.falters("c");
        scene.now = second(2);
        scene.falters("a");
        scene.falters("web");
        scene.now = second(4);
        scene.down("web");
        for service in order {
            scene.down(service);
            scene.wait(1);
        }
        assert_eq!(scene.opened_services(), ["b service-down"]);
        assert_eq!(scene.path(&down_key("web")).unwrap(), ["web", "a", "b"]);
        assert_eq!(scene.path(&down_key("a")).unwrap(), ["a", "b"]);
        assert_eq!(scene.path(&down_key("c")).unwrap(), ["c", "a", "b"]);
        scene.check_settled();
    }
}

#[test]
fn a_burn_rate_page_is_folded_under_the_down_alert_of_its_own_service() {
    let mut scene = Scene::of("api");
    scene.falters("api");
    scene.now = second(1);
    scene.burn("api", Severity::Page);
    assert!(scene.opened.is_empty(), "the service is about to be decided down");
    scene.now = second(2);
    scene.down("api");
    assert_eq!(scene.opened_services(), ["api service-down"]);
    assert_eq!(scene.path(&burn_key("api", Severity::Page)).unwrap(), ["api"]);
}

#[test]
fn a_burn_rate_page_of_a_service_that_stays_up_is_told_of() {
    let mut scene = Scene::of("api");
    scene.falters("api");
    scene.now = second(1);
    scene.burn("api", Severity::Page);
    scene.now = second(2);
    scene.failing_since.clear();
    scene.probe(&name("api"));
    assert_eq!(scene.opened_services(), ["api burn-rate"]);
}

#[test]
fn a_burn_rate_page_without_a_failing_probe_is_told_of_at_once() {
    let mut scene = Scene::of("api>data");
    scene.burn("api", Severity::Page);
    assert_eq!(scene.opened_services(), ["api burn-rate"]);
}

#[test]
fn a_burn_rate_that_only_remembers_its_roots_failure_is_not_told_of() {
    let mut scene = Scene::of("web>data");
    scene.down("data");
    scene.falters("web");
    scene.burn("web", Severity::Page);
    scene.up("data");
    scene.up("web");
    scene.wait(299);
    scene.burn_ends("web", Severity::Page);
    scene.wait(1000);
    assert_eq!(scene.opened, [down_key("data")]);
}

#[test]
fn a_burn_rate_that_goes_on_without_its_root_is_told_of() {
    let mut scene = Scene::of("web>data");
    scene.down("data");
    scene.falters("web");
    scene.burn("web", Severity::Page);
    scene.up("data");
    scene.wait(359);
    assert_eq!(scene.opened.len(), 1);
    scene.wait(1);
    assert_eq!(scene.opened_services(), ["data service-down", "web burn-rate"]);
}

#[test]
fn a_slow_burn_is_folded_under_the_fast_burn_of_the_same_objective() {
    let mut scene = Scene::of("api");
    scene.burn("api", Severity::Page);
    scene.burn("api", Severity::Ticket);
    assert_eq!(scene.opened, [burn_key("api", Severity::Page)]);
    scene.burn_ends("api", Severity::Page);
    scene.wait(360);
    assert_eq!(scene.opened[1..], [burn_key("api", Severity::Ticket)]);
}

#[test]
fn a_fast_burn_pages_although_the_slow_one_opened_a_ticket() {
    let mut scene = Scene::of("api");
    scene.burn("api", Severity::Ticket);
    scene.wait(600);
    scene.burn("api", Severity::Page);
    assert_eq!(
        scene.opened,
        [burn_key("api", Severity::Ticket), burn_key("api", Severity::Page)]
    );
}

#[test]
fn a_page_folded_under_a_ticket_makes_the_root_page() {
    let mut scene = Scene::of("web>data");
    scene.down_with("data", Severity::Ticket);
    scene.down_with("web", Severity::Page);
    let data = scene.find(&down_key("data")).clone();
    assert_eq!(data.severity, Severity::Page);
    assert!(scene.log.contains(&Effect::Deliver {
        alert: data.id,
        what: Telling::Escalated
    }));
    scene.burn("web", Severity::Page);
    let escalations = scene
        .log
        .iter()
        .filter(|effect| matches!(effect, Effect::Escalated { .. }));
    assert_eq!(escalations.count(), 1);
}

#[test]
fn a_page_that_was_delivered_before_does_not_page_again_through_its_root() {
    let mut scene = Scene::of("web>data");
    scene.down_with("web", Severity::Page);
    scene.wait(3);
    scene.down_with("data", Severity::Ticket);
    assert_eq!(scene.find(&down_key("data")).severity, Severity::Ticket);
}

#[test]
fn the_same_condition_raised_twice_is_one_alert() {
    let mut scene = Scene::of("api");
    scene.down("api");
    scene.down("api");
    assert_eq!(scene.opened.len(), 1);
    assert_eq!(scene.fold.open().count(), 1);
}

#[test]
fn a_held_alert_that_clears_was_never_told_of() {
    let mut scene = Scene::of("web>data");
    scene.falters("data");
    scene.down("web");
    scene.wait(10);
    scene.up("web");
    scene.wait(1000);
    assert!(scene.opened.is_empty() && scene.resolved.is_empty());
}

#[test]
fn an_edge_that_leaves_the_catalog_frees_what_was_folded_along_it() {
    let mut scene = Scene::of("web>data");
    scene.down("data");
    scene.down("web");
    scene.needs.get_mut(&name("web")).unwrap().clear();
    scene.apply(Event::FleetChanged);
    scene.wait(60);
    assert_eq!(scene.opened_services(), ["data service-down", "web service-down"]);
}

#[test]
fn an_edge_that_leaves_the_catalog_is_no_longer_waited_for() {
    let mut scene = Scene::of("web>data");
    scene.falters("data");
    scene.down("web");
    scene.needs.get_mut(&name("web")).unwrap().clear();
    scene.apply(Event::FleetChanged);
    assert_eq!(scene.opened_services(), ["web service-down"]);
}

#[test]
fn a_restart_keeps_holds_folds_and_graces() {
    let mut scene = Scene::of("web>data shop>auth");
    scene.falters("auth");
    scene.down("shop");
    scene.down("data");
    scene.down("web");
    scene.restart();
    assert_eq!(scene.path(&down_key("web")).unwrap(), ["web", "data"]);
    scene.wait(10);
    scene.restart();
    scene.up("data");
    scene.wait(20);
    scene.restart();
    assert_eq!(scene.opened_services(), ["data service-down", "shop service-down"]);
    scene.wait(40);
    assert_eq!(
        scene.opened_services(),
        ["data service-down", "shop service-down", "web service-down"]
    );
    scene.check_settled();
}
