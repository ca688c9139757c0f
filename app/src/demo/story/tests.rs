//! The teller against a stand-in for Mainstay's API and the receiver's log, phase by phase.

use std::sync::{Arc, Mutex};

use axum::{Json, Router, extract::State, routing::get};
use mainstay_kernel::World;
use serde_json::{Value, json};
use tokio::{net::TcpListener, time::Instant};

use super::*;

/// What the stand-in answers.
#[derive(Debug, Clone)]
struct Scene {
    states: Value,
    down_since: Timestamp,
    bad: u32,
    alerts: Vec<Value>,
    arrivals: Vec<Value>,
}

type Stage = Arc<Mutex<Scene>>;

fn state(service: &str, state: &str, cause: Option<&str>) -> Value {
    let cause = cause.map(|cause| json!({ "service": cause, "path": [service, cause] }));
    json!({ "service": service, "state": state, "since": null, "reason": "because", "cause": cause })
}

fn calm(now: Timestamp) -> Scene {
    Scene {
        states: json!([state("api", "up", None), state("data", "up", None)]),
        down_since: now,
        bad: 0,
        alerts: Vec::new(),
        arrivals: Vec::new(),
    }
}

fn alert(id: &str, service: &str, state: &str, at: Timestamp, folded: bool) -> Value {
    json!({
        "id": id, "kind": "service-down", "state": state, "service": service, "title": format!("{service} is down"),
        "opened_at": at, "resolved_at": (state == "resolved").then_some(at),
        "folded_under": folded.then(|| json!({ "alert_id": "1" })),
        "delivered": !folded,
    })
}

fn arrival(event: &str, alert: &Value, at: Timestamp) -> Value {
    json!({ "accepted_at": at, "id": format!("msg-{event}"), "repeated": false, "body": { "type": event, "data": alert } })
}

fn answer(stage: &Stage, what: &str) -> Json<Value> {
    let scene = stage.lock().unwrap().clone();
    let down = scene.states[1]["state"] == "down";
    let items = match what {
        "services" => json!([{ "name": "api" }, { "name": "data" }]),
        "service-states" => scene.states,
        "checks" => json!([{
            "name": "data health", "service": "data", "state": if down { "down" } else { "up" },
            "since": scene.down_since, "last": { "failure": { "message": "status 503" } },
        }]),
        "slos" => json!([{
            "id": "s", "name": "data-availability", "service": "data",
            "budget": { "total": 100, "bad": scene.bad, "remaining_ratio": 1.0 - f64::from(scene.bad) / 10.0, "burn_rate": 2.0 },
        }]),
        "alerts" => scene.alerts.into(),
        "deliveries" => scene.arrivals.into(),
        _ => return Json(json!({ "edges": [{ "from": "api", "to": "data", "kind": "hard" }], "cycles": [] })),
    };
    Json(json!({ "items": items }))
}

async fn stand_in(stage: Stage) -> (String, impl Future<Output = ()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let paths = [
        "services",
        "service-states",
        "checks",
        "slos",
        "alerts",
        "deliveries",
        "dependencies",
    ];
    let router = paths.into_iter().fold(Router::new(), |router, what| {
        let handler = move |State(stage): State<Stage>| async move { answer(&stage, what) };
        router.route(&format!("/api/v1/{what}"), get(handler))
    });
    let served = async { axum::serve(listener, router.with_state(stage)).await.unwrap() };
    (base, served)
}

const IMPATIENT: Pace = Pace {
    step_limit: Duration::from_millis(400),
    ..Pace::COMPRESSED
};

fn teller(base: &str) -> Teller {
    let api = Api { base: base.to_owned() };
    let log = format!("{base}/api/v1/deliveries");
    Teller::new(api, log, World::system(), IMPATIENT, Instant::now(), Narrator::Json)
}

/// Plays the whole story; `meddle` may change each scene before it is shown.
async fn play(meddle: impl Fn(&str, &mut Scene)) -> Result<(), StoryError> {
    let world = World::system();
    let stage: Stage = Arc::new(Mutex::new(calm(world.now())));
    let (base, served) = stand_in(Arc::clone(&stage)).await;
    let show = |name: &str, mut scene: Scene| {
        meddle(name, &mut scene);
        *stage.lock().unwrap() = scene;
    };
    let story = async {
        let mut teller = teller(&base);
        let mut observed = teller.all_up().await?;
        teller.act("fault", json!({}));
        let now = world.now();
        let opened = alert("1", "data", "open", now, false);
        let folded = alert("2", "api", "open", now, true);
        let broken = Scene {
            states: json!([state("api", "degraded", Some("data")), state("data", "down", None)]),
            down_since: now,
            bad: 4,
            alerts: vec![folded, opened.clone()],
            arrivals: vec![arrival("alert.opened", &opened, now)],
        };
        show("broken", broken.clone());
        teller.breaks(&mut observed).await?;
        teller.act("heal", json!({}));
        let now = world.now();
        let resolved = alert("1", "data", "resolved", observed_opening(&opened), false);
        let mut arrivals = broken.arrivals;
        arrivals.push(arrival("alert.resolved", &resolved, now));
        let mut resolved = resolved;
        resolved["resolved_at"] = json!(now);
        show(
            "healed",
            Scene {
                bad: 4,
                alerts: vec![resolved],
                arrivals,
                ..calm(now)
            },
        );
        teller.recovers(&observed).await
    };
    tokio::select! {
        outcome = story => outcome,
        () = served => unreachable!("the stand-in stopped"),
    }
}

fn observed_opening(alert: &Value) -> Timestamp {
    alert["opened_at"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_story_with_every_step_in_order_is_complete() {
    play(|_, _| {}).await.unwrap();
}

#[tokio::test]
async fn an_alert_that_is_not_delivered_is_the_missing_step() {
    let told = play(|_, scene| scene.arrivals.clear()).await.unwrap_err();
    let StoryError::Missing { missing, done, .. } = &told else {
        panic!("{told}")
    };
    assert_eq!(*missing, "alert-delivered");
    assert_eq!(done.last(), Some(&"alert-opened"));
}

#[tokio::test]
async fn a_dependant_that_is_not_degraded_is_named() {
    let told = play(|name, scene| {
        if name == "broken" {
            scene.states[0] = state("api", "up", None);
        }
    })
    .await
    .unwrap_err();
    assert!(
        told.to_string().contains("dependants-degraded") && told.to_string().contains("api is up"),
        "{told}"
    );
}

#[tokio::test]
async fn a_second_alert_that_reaches_people_spoils_the_story() {
    let told = play(|name, scene| {
        if name == "broken" {
            scene.alerts[0]["folded_under"] = Value::Null;
        }
    })
    .await
    .unwrap_err();
    assert!(
        matches!(
            told,
            StoryError::Wrong {
                step: "alert-delivered",
                ..
            }
        ),
        "{told}"
    );
    let told = play(|name, scene| {
        if name == "broken" {
            let other = alert("2", "api", "open", scene.down_since, true);
            scene.arrivals.push(arrival("alert.opened", &other, scene.down_since));
        }
    })
    .await
    .unwrap_err();
    assert!(told.to_string().contains("delivered on their own: api"), "{told}");
}

#[tokio::test]
async fn an_api_that_does_not_answer_is_the_reason_given() {
    let mut teller = teller("http://127.0.0.1:1");
    let told = teller.all_up().await.unwrap_err();
    assert!(told.to_string().contains("cannot connect to 127.0.0.1:1"), "{told}");
}
