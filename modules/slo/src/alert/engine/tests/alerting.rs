//! From what the watch and the objectives say to the alerts that are kept.

use super::*;
use crate::alert::model::{Condition, Kind, Silence};

fn opened(receiver: &Receiver) -> Vec<String> {
    receiver
        .accepted()
        .iter()
        .map(|message| {
            let json = message.json();
            format!(
                "{} {}",
                json["type"].as_str().unwrap(),
                json["data"]["alert"]["service"].as_str().unwrap()
            )
        })
        .collect()
}

#[tokio::test]
async fn a_dead_dependency_is_one_message_and_names_the_path_to_its_dependants() {
    for db in databases().await {
        let receiver = Receiver::start([]).await;
        let process = Process::start(&db, "web>api api>data").await;
        process.webhook(&receiver, Format::Mainstay).await;
        process.probe("data", false);
        process.down("web");
        process.down("api");
        process.decide("data", true);
        process.burn("web", Severity::Page, true);
        let alerts = process.until_alerts(|alerts| alerts.len() == 4).await;
        receiver.accepts(1).await;
        let root = alerts.iter().find(|alert| alert.service == name("data")).unwrap();
        assert!(root.told.is_some() && root.folded_under.is_none());
        for alert in alerts.iter().filter(|alert| alert.id != root.id) {
            let folded = alert.folded_under.as_ref().unwrap();
            assert_eq!((folded.alert_id, &folded.service), (root.id, &root.service));
            assert_eq!(folded.path.first(), Some(&alert.service));
            assert!(alert.told.is_none() && !alert.delivered);
        }
        let web = alerts
            .iter()
            .find(|alert| alert.service == name("web") && alert.kind == Kind::ServiceDown)
            .unwrap();
        // First under api, and one deeper when the real cause was known; under api again while that outlives it.
        assert_eq!(process.timeline(web.id).await, ["opened", "held", "folded", "folded"]);

        for service in ["data", "api", "web"] {
            process.up(service);
        }
        process.burn("web", Severity::Page, false);
        process
            .until_alerts(|alerts| alerts.iter().all(|alert| alert.state == Condition::Resolved))
            .await;
        receiver.accepts(2).await;
        assert_eq!(opened(&receiver), ["alert.opened data", "alert.resolved data"]);
        assert_eq!(
            process.timeline(web.id).await,
            [
                "opened",
                "held",
                "folded",
                "folded",
                "folded",
                "root-resolved",
                "resolved"
            ]
        );
        process.stop().await;
    }
}

#[tokio::test]
async fn dependencies_are_probed_as_soon_as_a_service_begins_to_fail() {
    let db = sqlite().await;
    let receiver = Receiver::start([]).await;
    let process = Process::start(&db, "web>api api>data api>unwatched-queue").await;
    process.webhook(&receiver, Format::Mainstay).await;
    process.probe("web", false);
    for _ in 0..500 {
        if process.watch.kicked.lock().unwrap().len() >= 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(
        *process.watch.kicked.lock().unwrap(),
        ["api", "data", "unwatched-queue"]
    );
    process.clock.advance(SignedDuration::from_secs(1));
    process.probe("api", true);
    process.probe("data", true);
    process.decide("web", true);
    receiver.accepts(1).await;
    let alert = process.until_alerts(|alerts| alerts[0].delivered).await.remove(0);
    assert_eq!(
        process.timeline(alert.id).await,
        ["opened", "told", "delivered"],
        "nothing was left to wait for"
    );
    process.stop().await;
}

#[tokio::test]
async fn a_held_alert_is_delivered_by_the_next_process_when_its_patience_ends() {
    for db in databases().await {
        let receiver = Receiver::start([]).await;
        let process = Process::start(&db, "web>data").await;
        process.webhook(&receiver, Format::Mainstay).await;
        process.probe("data", false);
        process.down("web");
        process.until_alerts(|alerts| alerts.len() == 1).await;
        let at = process.stop().await;
        assert_eq!(receiver.received().len(), 0);

        let process = Process::start_with(&db, "web>data", config(), Arc::default(), 2, at).await;
        process.pass(30);
        receiver.accepts(1).await;
        assert_eq!(opened(&receiver), ["alert.opened web"]);
        process.stop().await;
    }
}

#[tokio::test]
async fn a_folded_alert_that_outlives_its_root_is_delivered_even_across_a_restart() {
    for db in databases().await {
        let receiver = Receiver::start([]).await;
        let process = Process::start(&db, "web>data").await;
        process.webhook(&receiver, Format::Mainstay).await;
        process.down("data");
        process.down("web");
        process.up("data");
        receiver.accepts(2).await;
        process
            .until_alerts(|alerts| alerts.iter().any(|alert| alert.folded_under.is_some()))
            .await;
        let at = process.stop().await;
        let process = Process::start_with(&db, "web>data", config(), Arc::default(), 2, at).await;
        process.pass(59);
        process.until_alerts(|alerts| alerts.len() == 2).await;
        assert_eq!(receiver.received().len(), 2);
        process.pass(1);
        receiver.accepts(3).await;
        assert_eq!(opened(&receiver)[2], "alert.opened web");
        process.stop().await;
    }
}

#[tokio::test]
async fn a_clock_that_was_set_back_an_hour_does_not_hold_an_alert_for_an_hour() {
    let db = sqlite().await;
    let receiver = Receiver::start([]).await;
    let process = Process::start(&db, "web>data").await;
    process.webhook(&receiver, Format::Mainstay).await;
    process.probe("data", false);
    process.down("web");
    process.until_alerts(|alerts| alerts.len() == 1).await;
    let at = process.stop().await;
    let earlier = at - SignedDuration::from_hours(1);
    let process = Process::start_with(&db, "web>data", config(), Arc::default(), 2, earlier).await;
    // The first half minute may pass before the engine has looked at its clock for the first time.
    for _ in 0..2 {
        process.pass(31);
        process.caught_up().await;
    }
    receiver.accepts(1).await;
    process.stop().await;
}

#[tokio::test]
async fn a_page_that_folds_under_a_ticket_makes_it_a_page_and_says_so() {
    let db = sqlite().await;
    let receiver = Receiver::start([]).await;
    let process = Process::start(&db, "web>low-cache").await;
    process.webhook(&receiver, Format::Mainstay).await;
    process.down("low-cache");
    process.down("web");
    let messages = receiver.accepts(2).await;
    assert_eq!(
        opened(&receiver),
        ["alert.opened low-cache", "alert.escalated low-cache"]
    );
    assert_eq!(messages[0].json()["data"]["alert"]["severity"], "ticket");
    assert_eq!(messages[1].json()["data"]["alert"]["severity"], "page");
    process.stop().await;
}

#[tokio::test]
async fn what_the_watch_decided_unheard_is_found_by_comparing() {
    let db = sqlite().await;
    let receiver = Receiver::start([]).await;
    let process = Process::start(&db, "api web").await;
    process.webhook(&receiver, Format::Mainstay).await;
    process.down("api");
    receiver.accepts(1).await;
    let at = process.stop().await;
    let decision = |service: &str, down| Decision {
        environment: Environment::production(),
        service: name(service),
        down,
        reason: None,
        in_maintenance: false,
    };
    let watch = Arc::new(FakeWatch::default());
    *watch.decisions.lock().unwrap() = vec![decision("api", false), decision("web", true)];
    let process = Process::start_with(&db, "api web", config(), watch, 2, at).await;
    receiver.accepts(2).await;
    // That it is up again is believed when it was seen well: the process before may have known more.
    process.caught_up().await;
    assert_eq!(receiver.accepted().len(), 2);
    process.clock.advance(SignedDuration::from_secs(1));
    process.probe("api", true);
    receiver.accepts(3).await;
    let mut told = opened(&receiver);
    told.sort();
    assert_eq!(told, ["alert.opened api", "alert.opened web", "alert.resolved api"]);
    process.stop().await;
}

#[tokio::test]
async fn a_silence_keeps_an_alert_back_and_lifting_it_lets_it_go() {
    for db in databases().await {
        let receiver = Receiver::start([]).await;
        let process = Process::start(&db, "api").await;
        process.webhook(&receiver, Format::Mainstay).await;
        let silence = Silence {
            source: None,
            declared_as: None,
            id: process.alerts.inner.world.id(),
            service: Some(name("api")),
            slo_id: None,
            kind: Some(Kind::ServiceDown),
            reason: "moving house".to_owned(),
            created_by: "ada".to_owned(),
            starts_at: process.now(),
            ends_at: process.now() + SignedDuration::from_hours(1),
        };
        let silence = process.alerts.silence(&Scope::default(), silence).await.unwrap();
        process.down("api");
        let alert = process.until_alerts(|alerts| alerts.len() == 1).await.remove(0);
        assert!(alert.silenced && alert.told.is_none() && !alert.delivered);
        process
            .alerts
            .lift_silence(&Scope::default(), silence.id)
            .await
            .unwrap();
        receiver.accepts(1).await;
        let alert = process.until_alerts(|alerts| alerts[0].delivered).await.remove(0);
        assert!(!alert.silenced);
        assert_eq!(
            process.timeline(alert.id).await,
            ["opened", "silenced", "told", "delivered"]
        );
        process.stop().await;
    }
}

#[tokio::test]
async fn an_acknowledgement_is_kept_told_and_can_be_taken_back() {
    for db in databases().await {
        let receiver = Receiver::start([]).await;
        let process = Process::start(&db, "api").await;
        process.webhook(&receiver, Format::Mainstay).await;
        process.down("api");
        receiver.accepts(1).await;
        let alert = process.until_alerts(|alerts| alerts.len() == 1).await.remove(0);
        let scope = Scope::default();
        let taken = process
            .alerts
            .acknowledge(&scope, alert.id, "ada".to_owned(), Some("on it".to_owned()))
            .await
            .unwrap();
        assert_eq!(
            (taken.acknowledged_by.as_deref(), taken.state),
            (Some("ada"), Condition::Open)
        );
        let message = receiver.accepts(2).await.remove(1).json();
        assert_eq!(message["data"]["alert"]["acknowledged_by"], "ada");
        let back = process
            .alerts
            .unacknowledge(&scope, alert.id, "bob".to_owned())
            .await
            .unwrap();
        assert_eq!(back.acknowledged_at, None);
        process.up("api");
        process
            .until_alerts(|alerts| alerts[0].state == Condition::Resolved)
            .await;
        let refused = process
            .alerts
            .acknowledge(&scope, alert.id, "ada".to_owned(), None)
            .await
            .unwrap_err();
        assert_eq!(refused.code, "already-resolved");
        process.stop().await;
    }
}

#[tokio::test]
async fn the_alerts_of_a_service_that_leaves_the_catalog_are_over() {
    let db = sqlite().await;
    let receiver = Receiver::start([]).await;
    let process = Process::start(&db, "api web").await;
    process.webhook(&receiver, Format::Mainstay).await;
    process.down("api");
    receiver.accepts(1).await;
    process.fleets.set(fleet("web"));
    process
        .until_alerts(|alerts| alerts[0].state == Condition::Resolved)
        .await;
    process.stop().await;
}

#[tokio::test]
async fn both_databases_have_the_same_schema() {
    let databases = databases().await;
    let mut schemas = Vec::new();
    for db in &databases {
        schemas.push(db.schema().await.unwrap());
    }
    if let [sqlite, postgres] = &schemas[..] {
        assert_eq!(sqlite, postgres);
    }
}
