//! Handlers of events, and what they could not handle.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use axum::http::Method;
use mainstay_kernel::OrganizationId;
use mainstay_store::{Transaction, sql};
use mainstay_testkit::TestDatabase;
use mainstay_work::{Announcement, Event, EventHandler, HandlerError, NewEvent};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{App, all, databases, until};

#[derive(Debug, Serialize, Deserialize)]
struct Moored {
    boat: String,
    password: String,
}

impl Announcement for Moored {
    const TOPIC: &'static str = "harbour.moored";
    const VERSION: u32 = 1;

    fn key(&self) -> String {
        self.boat.clone()
    }
}

/// Refuses everything as long as it is asleep.
struct HarbourMaster {
    asleep: Arc<AtomicBool>,
}

#[async_trait]
impl EventHandler for HarbourMaster {
    fn name(&self) -> &'static str {
        "harbour-master"
    }

    fn topics(&self) -> &'static [&'static str] {
        &["harbour.moored"]
    }

    async fn handle(&self, _: &mut Transaction, _: &Event) -> Result<(), HandlerError> {
        if self.asleep.load(Ordering::SeqCst) {
            return Err(HandlerError::Refused(
                "asleep, see http://me:pass@harbour/log".to_owned(),
            ));
        }
        Ok(())
    }
}

/// An app whose handler has put aside an event of each boat, the first of which is a dead letter.
async fn aside(database: &TestDatabase, boats: &[&str]) -> (App, Arc<AtomicBool>) {
    let app = App::new(database).await;
    let asleep = Arc::new(AtomicBool::new(true));
    app.operate
        .outbox
        .add_handler(Arc::new(HarbourMaster { asleep: asleep.clone() }));
    app.start().await;
    for boat in boats {
        let moored = Moored {
            boat: (*boat).to_owned(),
            password: "hunter2".to_owned(),
        };
        let event = NewEvent::of(OrganizationId::DEFAULT, &moored).unwrap();
        let tx = app.database.begin().await.unwrap();
        app.operate.outbox.commit(tx, &[event]).await.unwrap();
    }
    until("all are put aside", || async {
        let handler = app.get("events/handlers").await["items"][0].clone();
        handler["waiting"] == boats.len()
    })
    .await;
    let later = app.operate.world.now_micros() + 1_800_000_000;
    let wait = sql("UPDATE work_parked_event SET attempts = 3, next_attempt_at = $1, \
         state = CASE WHEN position = 1 THEN 'dead' ELSE 'waiting' END");
    app.database.execute(wait.bind(later)).await.unwrap();
    (app, asleep)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handlers_say_how_far_they_have_come() {
    for database in databases().await {
        let (app, _) = aside(&database, &["tug", "skiff"]).await;
        let handler = app.get("events/handlers").await["items"][0].clone();
        assert_eq!(
            (&handler["handler"], &handler["known"]),
            (&json!("harbour-master"), &json!(true))
        );
        assert_eq!((&handler["position"], &handler["behind"]), (&json!(2), &json!(0)));
        assert_eq!((&handler["waiting"], &handler["dead"]), (&json!(1), &json!(1)));
        assert!(handler["lag_s"].as_f64().unwrap() > 0.0, "one event waits");
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parked_events_are_listed_with_what_happened_and_why_not_and_without_secrets() {
    for database in databases().await {
        let (app, _) = aside(&database, &["tug", "skiff", "brig"]).await;
        let first = app.get("events/parked?limit=1").await;
        let dead = &first["items"][0];
        assert_eq!((&dead["position"], &dead["state"]), (&json!(1), &json!("dead")));
        assert_eq!(dead["payload"], json!({"boat": "tug", "password": "***"}));
        assert_eq!(dead["last_error"], "asleep, see http://me:***@harbour/log");
        assert_eq!(
            (&dead["topic"], &dead["key"]),
            (&json!("harbour.moored"), &json!("tug"))
        );
        assert!(dead["next_attempt_at"].is_null());
        let cursor = first["next_cursor"].as_str().unwrap();
        let rest = app.get(&format!("events/parked?cursor={cursor}")).await;
        assert_eq!(all(&rest, "position"), [json!(2), json!(3)]);
        assert!(rest["items"][0]["next_attempt_at"].is_string() && rest["next_cursor"].is_null());

        assert_eq!(all(&app.get("events/parked?state=dead").await, "position"), [json!(1)]);
        assert!(all(&app.get("events/parked?handler=nobody").await, "position").is_empty());
        for query in ["state=lost", "cursor=00", "limit=0"] {
            let (status, _, detail) = app.refused(Method::GET, &format!("events/parked?{query}")).await;
            assert_eq!(status, 422, "{query}: {detail}");
        }
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parked_events_are_replayed_one_by_one_or_together() {
    for database in databases().await {
        let (app, asleep) = aside(&database, &["tug", "skiff", "brig"]).await;
        asleep.store(false, Ordering::SeqCst);
        let left = async || all(&app.get("events/parked").await, "position");
        let replayed = app.post("events/parked/harbour-master/1/replay").await;
        assert_eq!(
            (&replayed["state"], &replayed["attempts"]),
            (&json!("waiting"), &json!(0))
        );
        until("the first is handled", || async {
            left().await == [json!(2), json!(3)]
        })
        .await;
        let answer = app.post("events/handlers/harbour-master/replay").await;
        assert_eq!(answer, json!({"replayed": 2}));
        until("the others are handled", || async { left().await.is_empty() }).await;
        let (status, _, detail) = app.refused(Method::POST, "events/parked/harbour-master/1/replay").await;
        assert_eq!(status, 404);
        assert!(detail.contains("has no event 1 put aside"), "{detail}");
        let (status, ..) = app.refused(Method::POST, "events/handlers/nobody/replay").await;
        assert_eq!(status, 404);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parked_event_is_discarded_once() {
    for database in databases().await {
        let (app, _) = aside(&database, &["tug", "skiff"]).await;
        let discarded = app.post("events/parked/harbour-master/1/discard").await;
        assert_eq!(discarded["payload"]["boat"], "tug");
        assert_eq!(all(&app.get("events/parked").await, "position"), [json!(2)]);
        for path in [
            "events/parked/harbour-master/1/discard",
            "events/parked/nobody/2/discard",
            "events/parked/harbour-master/first/discard",
        ] {
            let (status, code, detail) = app.refused(Method::POST, path).await;
            assert_eq!((status, code.as_str()), (404, "not-found"), "{path}: {detail}");
        }
        let handled: Value = app.get("events/handlers").await["items"][0]["handled"].clone();
        assert_eq!(handled, 0, "what is discarded was not handled");
        app.stop().await;
    }
}
