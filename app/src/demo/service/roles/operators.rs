//! The services operators use: `monitor` looks at everybody and needs nobody, `main` shows what `monitor` saw.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Extension, Json, Router, extract::State, routing::get};
use futures::future::join_all;
use http::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{Role, customers};
use crate::demo::service::{chassis::Chassis, failure::Failure, observe::RequestId};

/// Between two rounds of looking at everybody.
const ROUND: Duration = Duration::from_secs(5);

/// Whether each service answered its health check in the last round.
#[derive(Debug, Default)]
struct Seen(Mutex<BTreeMap<String, bool>>);

/// The role of `monitor`.
pub fn monitor(chassis: Arc<Chassis>) -> Role {
    let seen = Arc::new(Seen::default());
    Role {
        routes: Router::new()
            .route("/summary", get(summary))
            .layer(Extension(Arc::clone(&seen))),
        background: Box::pin(look_around(chassis, seen)),
    }
}

/// The role of `main`.
pub fn main(chassis: Arc<Chassis>) -> Role {
    Role {
        routes: Router::new().route("/overview", get(overview)),
        background: customers(chassis, 1.5, |_| (Method::GET, "/overview".to_owned(), Value::Null)),
    }
}

async fn summary(
    State(chassis): State<Arc<Chassis>>,
    Extension(seen): Extension<Arc<Seen>>,
) -> Result<Json<Value>, Failure> {
    let route = "GET /summary";
    let seen = chassis
        .statement(route, || seen.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
        .await?;
    chassis.record(&json!({ "summarised": seen.len() })).await?;
    let healthy = seen.values().filter(|healthy| **healthy).count();
    let answer = json!({ "services": seen, "healthy": healthy });
    Ok(Json(chassis.finish(
        route,
        i64::try_from(healthy).unwrap_or_default(),
        answer,
    )?))
}

async fn overview(
    State(chassis): State<Arc<Chassis>>,
    Extension(RequestId(id)): Extension<RequestId>,
) -> Result<Json<Value>, Failure> {
    let route = "GET /overview";
    // The overview has more to show than the fleet's health, so it does without when it must.
    let fleet = match chassis.ask("monitor", "/summary", &id).await {
        Ok(summary) => summary["services"].clone(),
        Err(failure) => {
            let fields = json!({ "request_id": id, "reason": failure.detail });
            chassis.log.warn("the overview is shown without the fleet", fields);
            Value::Null
        }
    };
    let instruments = chassis
        .statement(route, || chassis.reference.instruments().len())
        .await?;
    chassis.record(&json!({ "overview": instruments })).await?;
    Ok(Json(chassis.finish(
        route,
        0,
        json!({ "fleet": fleet, "instruments": instruments }),
    )?))
}

async fn look_around(chassis: Arc<Chassis>, seen: Arc<Seen>) {
    loop {
        let settings = chassis.dependencies.settings();
        let looks = settings.dependencies.keys().map(|name| async {
            let answer = chassis.ask(name, "/health", "monitor-round").await;
            (name.clone(), answer.is_ok())
        });
        let round: BTreeMap<_, _> = join_all(looks).await.into_iter().collect();
        let failing: Vec<_> = round
            .iter()
            .filter(|(_, healthy)| !**healthy)
            .map(|(name, _)| name)
            .collect();
        if !failing.is_empty() {
            chassis.log.warn(
                "services did not pass their health check",
                json!({ "services": failing }),
            );
        }
        *seen.0.lock().unwrap_or_else(PoisonError::into_inner) = round;
        sleep(ROUND).await;
    }
}
