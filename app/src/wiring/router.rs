//! Everything that is served, and what each request passes on its way to it.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request, State},
    middleware::{self, Next},
    response::Response,
    routing::get,
};
use mainstay_auth::{Gate, gate};
use mainstay_catalog::Catalog;
use mainstay_http::{EventHub, Events, Health, Idempotency, ReadyCheck, idempotency, loopback_only, observe};
use mainstay_kernel::World;
use tower_http::compression::{
    CompressionLayer,
    predicate::{DefaultPredicate, NotForContentType, Predicate},
};
use utoipa_swagger_ui::SwaggerUi;

use super::{
    Parts, RELOAD_TASK, configured,
    document::{Routes, openapi_document},
};
use crate::{assets, config::Config, meta::Meta, operate, permissions};

/// The largest request body; imports of whole configuration trees are the largest requests.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// The document as a page, with everything it needs inside the binary. Its validator would call a server on the internet.
fn swagger() -> utoipa_swagger_ui::Config<'static> {
    utoipa_swagger_ui::Config::from("/openapi.json")
        .validator_url("none")
        .try_it_out_enabled(true)
        .display_request_duration(true)
}

/// Whatever is answered rests on the catalog as it is by now, whichever replica changed it.
async fn caught_up(State(catalog): State<Catalog>, request: Request, next: Next) -> Response {
    catalog.catch_up().await;
    next.run(request).await
}

/// The router of these parts.
///
/// # Errors
/// When the table of permissions is none.
pub(super) fn router(
    parts: &Parts,
    hub: EventHub,
    world: World,
    metrics: mainstay_telemetry::Metrics,
    config: &Config,
) -> anyhow::Result<Router> {
    let database = parts.database.clone();
    let answers = ReadyCheck::required("database", move || {
        let database = database.clone();
        async move {
            match database.ping().await {
                Ok(()) => Ok(database.dialect().name().to_owned()),
                Err(error) => Err(error.to_string()),
            }
        }
    });
    // A database that answers may still refuse to write: a full disk, a read-only one.
    let history = ReadyCheck::task("history", &parts.tasks, "watch.flush");
    let alerts = ReadyCheck::task("alerts", &parts.tasks, "slo.alert");
    // What the configuration or a file asks for and is not in force.
    let files = ReadyCheck::task("configured-files", &parts.tasks, configured::TASK);
    let webhooks = ReadyCheck::task("declared-webhooks", &parts.tasks, "slo.follow-webhooks");
    let configuration = ReadyCheck::task("configuration", &parts.tasks, RELOAD_TASK);
    // What no process was started for is missed by none of them.
    let leases = parts.leases.clone();
    let roles = ReadyCheck::optional("roles", move || {
        let members = leases.members().get();
        let has = |role| leases.has(role) || members.iter().any(|member| member.roles.contains(&role));
        std::future::ready(operate::undone(has).map_or_else(|| Ok("every role is somebody's".to_owned()), Err))
    });
    let checks = vec![answers, history, alerts, files, webhooks, configuration, roles];
    let health = Health::new(checks, parts.tasks.clone());
    let meta = Arc::new(Meta {
        parts: parts.clone(),
        started_at: world.now(),
        demo: config.demo,
        metrics,
    });
    let events = Events {
        hub,
        tasks: parts.tasks.clone(),
    };
    let routes = Routes::new();
    let document = Arc::new(openapi_document());
    let api = Router::new()
        .merge(Router::from(routes.mainstay.with_state(meta)))
        .merge(Router::from(routes.operate.with_state(parts.operate(&world))))
        .merge(Router::from(routes.catalog.with_state(parts.catalog.clone())))
        .merge(Router::from(routes.watch.with_state(parts.watch.clone())))
        .merge(Router::from(routes.slo.with_state(parts.slo.clone())))
        .layer(middleware::from_fn_with_state(parts.catalog.clone(), caught_up))
        .layer(middleware::from_fn_with_state(
            Idempotency {
                database: parts.database.clone(),
                world: world.clone(),
            },
            idempotency,
        ))
        .layer(DefaultBodyLimit::max(MAX_BODY));
    // A stream must not be held back by a compressor waiting for more.
    let compressible = DefaultPredicate::new().and(NotForContentType::const_new("text/event-stream"));
    // Answers of accounts hold secrets, so none of them may be remembered under an idempotency key.
    let answers = api
        .merge(Router::from(routes.auth.with_state(parts.auth.clone())))
        .merge(Router::from(routes.events.with_state(events)))
        .merge(Router::from(routes.health.with_state(health)))
        .route("/openapi.json", get(move || async move { Json((*document).clone()) }))
        .merge(SwaggerUi::new("/docs").config(swagger()))
        .fallback(assets::serve)
        .layer(CompressionLayer::new().compress_when(compressible));
    Ok(guarded(answers, parts, config)?
        .layer(middleware::from_fn(loopback_only))
        .layer(middleware::from_fn_with_state(world, observe)))
}

/// Outside of everything that answers, remembered answers included, and inside of what observes: who asks, and whether they may.
/// Without it, whoever reaches the loopback address may do everything but what `auth` itself guards.
fn guarded(answers: Router, parts: &Parts, config: &Config) -> anyhow::Result<Router> {
    if !config.auth.required {
        return Ok(answers);
    }
    let state = Gate {
        auth: parts.auth.clone(),
        table: Arc::new(permissions::table()?),
    };
    Ok(answers.layer(middleware::from_fn_with_state(state, gate)))
}
