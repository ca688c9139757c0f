//! The fleet's own control port: conditions are arranged and removed by service and cause, so that a test or a curious
//! person can break the fleet while Mainstay watches it. Behind the same token as the services' control ports.

use std::{net::Ipv4Addr, sync::Arc};

use anyhow::Result;
use axum::{
    Json, Router,
    extract::{Path, Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{delete, put},
};
use http::{StatusCode, header};
use serde_json::json;
use tokio::net::TcpListener;

use super::Fleet;

/// Opens the control port.
///
/// # Errors
/// When no loopback port is free.
pub async fn open() -> Result<TcpListener> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?)
}

/// Serves the control port until it is dropped.
///
/// # Errors
/// When the listener fails.
pub async fn serve(fleet: Arc<Fleet>, listener: TcpListener) -> Result<()> {
    let router = Router::new()
        .route("/services/{service}/causes/{cause}", put(arrange))
        .route("/services/{service}/causes", delete(remove))
        .layer(from_fn_with_state(Arc::clone(&fleet), authorise))
        .with_state(fleet);
    Ok(axum::serve(listener, router).await?)
}

async fn authorise(State(fleet): State<Arc<Fleet>>, request: Request, next: Next) -> Response {
    let given = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|given| given.to_str().ok());
    if given.and_then(|given| given.strip_prefix("Bearer ")) == Some(fleet.control_token.as_str()) {
        return next.run(request).await;
    }
    refuse(
        StatusCode::UNAUTHORIZED,
        "the control token is missing or wrong; it is in fleet.json",
    )
}

async fn arrange(State(fleet): State<Arc<Fleet>>, Path((service, cause)): Path<(String, String)>) -> Response {
    let outcome = match cause.parse() {
        Ok(cause) => fleet.inject(&service, cause).await,
        Err(unknown) => Err(anyhow::Error::from(unknown)),
    };
    answer(outcome)
}

async fn remove(State(fleet): State<Arc<Fleet>>, Path(service): Path<String>) -> Response {
    answer(fleet.heal(&service).await)
}

fn answer(outcome: Result<()>) -> Response {
    match outcome {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refuse(StatusCode::UNPROCESSABLE_ENTITY, &format!("{error:#}")),
    }
}

fn refuse(status: StatusCode, detail: &str) -> Response {
    (status, Json(json!({ "detail": detail }))).into_response()
}
