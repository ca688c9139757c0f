//! What each of the ten services offers and does on its own, by its name in the registry.
//!
//! Small and real: every answer is computed from data the service holds or fetched from a neighbour over HTTP.

mod customers;
mod market;
mod models;
mod operators;
mod sessions;

use std::{sync::Arc, time::Duration};

use anyhow::{Result, bail};
use axum::Router;
use futures::future::BoxFuture;
use http::Method;
use serde_json::Value;
use tokio::time::sleep;

use super::{chassis::Chassis, failure::Failure};
use crate::demo::client::Call;

/// A service's API and what it does without being asked.
pub struct Role {
    /// The routes of its API.
    pub routes: Router<Arc<Chassis>>,
    /// Its background work; it ends only with the process.
    pub background: BoxFuture<'static, ()>,
}

/// The role that belongs to the service's name.
///
/// # Errors
/// When the demo has no such service.
pub fn of(chassis: &Arc<Chassis>) -> Result<Role> {
    let chassis = Arc::clone(chassis);
    Ok(match chassis.name.as_str() {
        "data" => market::data(chassis),
        "auth" => sessions::auth(&chassis),
        "api" => customers::api(),
        "web" => customers::web(chassis),
        "app" => customers::app(chassis),
        "execution" => customers::execution(chassis),
        "ai" => models::ai(),
        "analyze" => models::analyze(chassis),
        "monitor" => operators::monitor(chassis),
        "main" => operators::main(chassis),
        other => bail!(
            "the demo has no service called {other}: it has ai, analyze, api, app, auth, data, execution, main, monitor and web"
        ),
    })
}

/// No work but answering.
fn idle() -> BoxFuture<'static, ()> {
    Box::pin(std::future::pending())
}

/// Sends what customers would send to this very service where none come from outside, about `per_second` times a second, unevenly as people do.
///
/// A request that is not answered yet holds the next one back only when eight wait already.
fn customers(
    chassis: Arc<Chassis>,
    per_second: f64,
    request: fn(&Chassis) -> (Method, String, Value),
) -> BoxFuture<'static, ()> {
    if chassis.without_customers {
        return idle();
    }
    Box::pin(async move {
        let waiting = Arc::new(tokio::sync::Semaphore::new(8));
        let mut asking = tokio::task::JoinSet::new();
        loop {
            let pause = Duration::from_secs_f64((0.5 + chassis.world.fraction()) / per_second);
            sleep(pause).await;
            while asking.try_join_next().is_some() {}
            let Ok(slot) = Arc::clone(&waiting).try_acquire_owned() else {
                continue;
            };
            let (method, path, body) = request(&chassis);
            let url = format!("http://127.0.0.1:{}{path}", chassis.own_port);
            let mut call = Call::new(method, url).within(Duration::from_secs(5));
            if !body.is_null() {
                call = call.json(&body);
            }
            asking.spawn(async move {
                // A customer who gets no answer goes away; the service has counted and logged the request itself.
                let _gone = call.send().await;
                drop(slot);
            });
        }
    })
}

/// One of the instruments, any of them.
fn any_symbol(chassis: &Chassis) -> String {
    let instruments = chassis.reference.instruments();
    let count = instruments.len().max(1) as u64;
    let index = usize::try_from(chassis.world.random() % count).unwrap_or_default();
    instruments
        .get(index)
        .map_or_else(|| "none".to_owned(), |instrument| instrument.symbol.clone())
}

fn integer(answer: &Value, dependency: &str, field: &str) -> Result<i64, Failure> {
    answer[field]
        .as_i64()
        .ok_or_else(|| Failure::unusable_answer(dependency, field))
}
