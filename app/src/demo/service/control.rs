//! The control port: a second loopback listener on a thread of its own, behind a token, through which conditions are
//! arranged and removed. It also watches the request thread from outside.
//!
//! It writes nothing about what it arranges: the log is left to the code that meets the condition.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use axum::{
    Json, Router,
    extract::{Path, Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{delete, put},
};
use http::{StatusCode, header};
use jiff::SignedDuration;
use serde_json::json;
use tokio::{net::TcpListener, time::sleep};

use super::{chassis::Chassis, reference};
use crate::demo::cause::Cause;

/// A history whose pairs take many seconds to correlate.
const LONG_HISTORY: usize = 60_000;
/// What a volume without credits takes.
const STARVED_BYTES_PER_SECOND: u64 = 12;
/// How far a clock drifts that nothing has corrected for a long time.
const DRIFT: SignedDuration = SignedDuration::from_secs(-217);
/// A request thread that has not run for this long is worth a line.
const STALL: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
struct Control {
    chassis: Arc<Chassis>,
    token: Arc<str>,
}

/// Serves the control port until the process ends; to be run on its own thread.
///
/// # Errors
/// When the port cannot be opened.
pub async fn serve(chassis: Arc<Chassis>, port: u16, token: &str) -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .with_context(|| format!("cannot open the control port {port}"))?;
    let control = Control {
        chassis: Arc::clone(&chassis),
        token: token.into(),
    };
    let router = Router::new()
        .route("/causes/{cause}", put(arrange))
        .route("/causes", delete(remove_all))
        .layer(from_fn_with_state(control.clone(), authorise))
        .with_state(control);
    tokio::select! {
        served = async { axum::serve(listener, router).await } => Ok(served?),
        never = report_stalls(&chassis) => match never {},
    }
}

async fn authorise(State(control): State<Control>, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION);
    let expected = format!("Bearer {}", control.token);
    if given.is_some_and(|given| same(given.as_bytes(), expected.as_bytes())) {
        return next.run(request).await;
    }
    (
        StatusCode::UNAUTHORIZED,
        Json(json!({ "detail": "the control token is missing or wrong" })),
    )
        .into_response()
}

/// Compares without telling by its duration where the difference is.
fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len()
        && left
            .iter()
            .zip(right)
            .fold(0, |difference, (a, b)| difference | (a ^ b))
            == 0
}

async fn arrange(State(control): State<Control>, Path(cause): Path<String>) -> Response {
    let outcome = match cause.parse() {
        Ok(cause) => apply(&control.chassis, cause),
        Err(unknown) => Err((StatusCode::NOT_FOUND, unknown.to_string())),
    };
    match outcome {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err((status, detail)) => (status, Json(json!({ "detail": detail }))).into_response(),
    }
}

async fn remove_all(State(control): State<Control>) -> Response {
    let chassis = &control.chassis;
    chassis.pool.leave_transactions_open(false);
    let terminated = chassis.pool.terminate_idle_transactions();
    if terminated > 0 {
        let fields = json!({ "database.sessions": terminated });
        chassis
            .log
            .warn("sessions idle in a transaction were terminated", fields);
    }
    chassis.computation.set_history(None);
    chassis.documents.keep_references(false);
    chassis.table.rebuild(false);
    chassis.clock.set_off_by(SignedDuration::ZERO);
    chassis.journal.set_bandwidth(None);
    let mended = super::restore_settings(chassis);
    match mended.and_then(|()| Ok(reference::publish(&chassis.files().reference)?)) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            Json(json!({ "detail": format!("{error:#}") })),
        )
            .into_response(),
    }
}

fn apply(chassis: &Chassis, cause: Cause) -> Result<(), (StatusCode, String)> {
    let failed = |error: anyhow::Error| (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}"));
    match cause {
        Cause::ConnectionLeak => chassis.pool.leave_transactions_open(true),
        Cause::CpuSpin => chassis.computation.set_history(Some(LONG_HISTORY)),
        Cause::MemoryLeak => chassis.documents.keep_references(true),
        Cause::SlowDisk => chassis.journal.set_bandwidth(Some(STARVED_BYTES_PER_SECOND)),
        Cause::Crash => reference::cut_off(&chassis.files().reference).map_err(|error| failed(error.into()))?,
        Cause::BadConfiguration => super::mistake_settings(chassis).map_err(failed)?,
        Cause::Delay => chassis.table.rebuild(true),
        Cause::ClockSkew => chassis.clock.set_off_by(DRIFT),
        Cause::Errors => {
            reference::publish_without_lots(&chassis.files().reference).map_err(|error| failed(error.into()))?;
        }
        Cause::DependencyDown | Cause::BadDeploy => {
            let detail = "processes are stopped and started by their supervisor".to_owned();
            return Err((StatusCode::UNPROCESSABLE_ENTITY, detail));
        }
    }
    Ok(())
}

async fn report_stalls(chassis: &Chassis) -> std::convert::Infallible {
    loop {
        sleep(STALL).await;
        let stalled = chassis.stalled_for();
        if stalled < STALL {
            continue;
        }
        let busy = chassis.computation.busy_with();
        let fields = json!({
            "stalled_ms": stalled.as_millis(),
            "computing_for": busy,
            "computation.points": chassis.computation.history(),
        });
        chassis.log.error("the request thread does not answer", fields);
    }
}
