//! `/api/v1/admin/events`: how far the handlers of events have come, and what they could not handle.

use axum::{Json, extract::State};
use jiff::Timestamp;
use mainstay_http::{ApiPath, ApiQuery, ApiResult, Caller, PageQuery, Paged, ProblemBody};
use mainstay_kernel::{Cursor, InvalidCursor, Page, Problem, ProblemKind};
use mainstay_work::{EventId, HandlerStatus, ParkedEvent, ParkedFilter, ParkedPlace, ParkedState};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Operate,
    redact::{redact, redact_text},
    replicas::whole,
};

pub(super) fn routes() -> OpenApiRouter<Operate> {
    OpenApiRouter::new()
        .routes(routes!(list_event_handlers))
        .routes(routes!(list_parked_events))
        .routes(routes!(replay_event))
        .routes(routes!(replay_handler))
        .routes(routes!(discard_event))
}

/// How far a handler of events has come.
#[derive(Debug, Serialize, ToSchema)]
struct HandlerBody {
    /// Its name.
    handler: String,
    /// Whether the replica that answers knows it. One that no replica knows belongs to a version of the past.
    known: bool,
    /// The last position it has handled or put aside.
    position: i64,
    /// Positions after that, of any topic.
    behind: i64,
    /// The age of the oldest event that it has neither handled nor given up; 0 when there is none.
    lag_s: f64,
    /// Events handled since it was first registered.
    handled: i64,
    /// Events put aside that will be tried again.
    waiting: i64,
    /// Events given up: dead letters.
    dead: i64,
    /// When its position last moved.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl HandlerBody {
    fn new(status: HandlerStatus, now: Timestamp) -> Self {
        Self {
            lag_s: lag_s(&status, now),
            handler: status.handler,
            known: status.registered,
            position: status.position,
            behind: status.behind,
            handled: status.handled,
            waiting: status.waiting,
            dead: status.dead,
            updated_at: status.updated_at,
        }
    }
}

/// The age in seconds of the oldest event that a handler has neither handled nor given up.
pub(super) fn lag_s(status: &HandlerStatus, now: Timestamp) -> f64 {
    status
        .oldest_at
        .map_or(0.0, |oldest| now.duration_since(oldest).as_secs_f64().max(0.0))
}

/// What becomes of a parked event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(rename_all = "kebab-case")]
enum ParkedStateBody {
    /// It was given up: a dead letter.
    Dead,
    /// It will be tried again.
    Waiting,
}

impl From<ParkedState> for ParkedStateBody {
    fn from(state: ParkedState) -> Self {
        match state {
            ParkedState::Dead => Self::Dead,
            ParkedState::Waiting => Self::Waiting,
        }
    }
}

impl From<ParkedStateBody> for ParkedState {
    fn from(state: ParkedStateBody) -> Self {
        match state {
            ParkedStateBody::Dead => Self::Dead,
            ParkedStateBody::Waiting => Self::Waiting,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ParkedQuery {
    /// Only events of this handler.
    handler: Option<String>,
    /// Only events in this state.
    #[param(inline)]
    state: Option<ParkedStateBody>,
}

/// An event that a handler could not handle yet. What looks secret in its payload is masked.
#[derive(Debug, Serialize, ToSchema)]
struct ParkedEventBody {
    /// Which handler.
    handler: String,
    /// The event's place among all.
    position: i64,
    /// The event's identity.
    #[schema(value_type = String, format = "uuid")]
    event_id: EventId,
    /// What it is about.
    #[schema(example = "slo.alert")]
    topic: String,
    /// The version of its payload.
    version: u32,
    /// Events of the same key keep their order: while one waits, those behind it do too.
    key: String,
    /// What becomes of it.
    state: ParkedStateBody,
    /// How often it was tried; 0 when it only waits behind another of its key.
    attempts: i64,
    /// When it is tried again; null for a dead letter.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_attempt_at: Option<Timestamp>,
    /// Why it was not handled.
    last_error: Option<String>,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was put aside.
    #[schema(value_type = String, format = DateTime)]
    parked_at: Timestamp,
    /// What happened.
    payload: serde_json::Value,
}

impl From<ParkedEvent> for ParkedEventBody {
    fn from(parked: ParkedEvent) -> Self {
        Self {
            handler: parked.handler,
            position: parked.event.position,
            event_id: parked.event.id,
            topic: parked.event.topic,
            version: parked.event.version,
            key: parked.event.key,
            state: parked.state.into(),
            attempts: parked.attempts,
            // One that only waits behind another has no time of its own.
            next_attempt_at: parked.next_attempt_at.filter(|_| parked.attempts > 0),
            last_error: parked.last_error.map(redact_text),
            created_at: parked.event.created_at,
            parked_at: parked.parked_at,
            payload: redact(parked.event.payload),
        }
    }
}

/// How many events are tried again.
#[derive(Debug, Serialize, ToSchema)]
struct ReplayedBody {
    /// Events that are tried at once.
    replayed: u64,
}

impl Operate {
    async fn existing_parked(&self, handler: &str, position: i64) -> ApiResult<ParkedEventBody> {
        let parked = self.outbox.parked_at(handler, position).await?;
        Ok(parked.ok_or_else(|| not_parked(handler, position))?.into())
    }
}

fn not_parked(handler: &str, position: i64) -> Problem {
    Problem::new(
        ProblemKind::NotFound,
        "not-found",
        format!("`{handler}` has no event {position} put aside. It may have been handled or discarded meanwhile."),
    )
}

/// List the handlers of events
///
/// With how far they have come.
#[utoipa::path(
    get, path = "/api/v1/admin/events/handlers", operation_id = "list_event_handlers", tag = "mainstay",
    responses((status = 200, description = "Every handler by name", body = Paged<HandlerBody>)),
    extensions(("x-permission" = json!("admin:read")))
)]
async fn list_event_handlers(State(operate): State<Operate>) -> ApiResult<Paged<HandlerBody>> {
    let (statuses, now) = (operate.outbox.statuses().await?, operate.world.now());
    Ok(whole(
        statuses
            .into_iter()
            .map(|status| HandlerBody::new(status, now))
            .collect(),
    ))
}

/// List parked events
///
/// Those that a handler could not handle: dead letters first, each state from the oldest on.
#[utoipa::path(
    get, path = "/api/v1/admin/events/parked", operation_id = "list_parked_events", tag = "mainstay",
    params(PageQuery, ParkedQuery),
    responses(
        (status = 200, description = "A page of parked events", body = Paged<ParkedEventBody>),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("admin:read")))
)]
async fn list_parked_events(
    State(operate): State<Operate>,
    PageQuery(page): PageQuery,
    ApiQuery(query): ApiQuery<ParkedQuery>,
) -> ApiResult<Paged<ParkedEventBody>> {
    let filter = ParkedFilter {
        handler: query.handler,
        state: query.state.map(ParkedState::from),
    };
    let after = page.cursor.as_ref().map(place).transpose()?;
    let events = operate.outbox.parked(&filter, after.as_ref(), page.overfetch()).await?;
    let page = Page::from_overfetch(events, page.limit, |parked| {
        let place = parked.place();
        Cursor(vec![
            place.state.name().to_owned(),
            place.position.to_string(),
            place.handler,
        ])
    });
    Ok(page.map(ParkedEventBody::from).into())
}

fn place(cursor: &Cursor) -> Result<ParkedPlace, InvalidCursor> {
    Ok(ParkedPlace {
        state: cursor.part(0)?,
        position: cursor.part(1)?,
        handler: cursor.part(2)?,
    })
}

/// Try a parked event again
///
/// At once, and with its attempts begun anew. A dead letter comes after events of its key that were handled since.
#[utoipa::path(
    post, path = "/api/v1/admin/events/parked/{handler}/{position}/replay", operation_id = "replay_event", tag = "mainstay",
    params(
        ("handler" = String, Path, description = "The handler's name"),
        ("position" = i64, Path, description = "The event's position"),
    ),
    responses(
        (status = 200, description = "The event, about to be tried", body = ParkedEventBody),
        (status = 404, description = "No such parked event", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("admin:write")))
)]
async fn replay_event(
    State(operate): State<Operate>,
    Caller(caller): Caller,
    ApiPath((handler, position)): ApiPath<(String, i64)>,
) -> ApiResult<Json<ParkedEventBody>> {
    // Read first: in the next moment it may be handled and gone.
    let mut event = operate.existing_parked(&handler, position).await?;
    if operate.outbox.replay(&handler, position).await? {
        event.state = ParkedStateBody::Waiting;
        event.attempts = 0;
        event.next_attempt_at = None;
        tracing::info!(
            handler,
            event.position = position,
            by = caller.label(),
            "a parked event is tried again"
        );
    }
    Ok(Json(event))
}

/// Try everything again that a handler has put aside
///
/// At once, and with their attempts begun anew.
#[utoipa::path(
    post, path = "/api/v1/admin/events/handlers/{handler}/replay", operation_id = "replay_handler", tag = "mainstay",
    params(("handler" = String, Path, description = "The handler's name")),
    responses(
        (status = 200, description = "How many events are tried", body = ReplayedBody),
        (status = 404, description = "No such handler", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("admin:write")))
)]
async fn replay_handler(
    State(operate): State<Operate>,
    Caller(caller): Caller,
    ApiPath(handler): ApiPath<String>,
) -> ApiResult<Json<ReplayedBody>> {
    let statuses = operate.outbox.statuses().await?;
    if !statuses.iter().any(|status| status.handler == handler) {
        return Err(Problem::new(
            ProblemKind::NotFound,
            "not-found",
            format!("There is no handler `{handler}`. `GET /api/v1/admin/events/handlers` lists those there are."),
        )
        .into());
    }
    let replayed = operate.outbox.replay_all(&handler).await?;
    tracing::info!(
        handler,
        events.replayed = replayed,
        by = caller.label(),
        "parked events are tried again"
    );
    Ok(Json(ReplayedBody { replayed }))
}

/// Discard a parked event
///
/// Its handler will never see it, which cannot be undone. What waits behind it goes on. The log keeps who did it.
#[utoipa::path(
    post, path = "/api/v1/admin/events/parked/{handler}/{position}/discard", operation_id = "discard_event", tag = "mainstay",
    params(
        ("handler" = String, Path, description = "The handler's name"),
        ("position" = i64, Path, description = "The event's position"),
    ),
    responses(
        (status = 200, description = "The event that was discarded", body = ParkedEventBody),
        (status = 404, description = "No such parked event", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("admin:write")))
)]
async fn discard_event(
    State(operate): State<Operate>,
    Caller(caller): Caller,
    ApiPath((handler, position)): ApiPath<(String, i64)>,
) -> ApiResult<Json<ParkedEventBody>> {
    let discarded = operate.outbox.discard(&handler, position, &caller.label()).await?;
    Ok(Json(discarded.ok_or_else(|| not_parked(&handler, position))?.into()))
}
