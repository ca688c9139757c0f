//! `/api/v1/auth/changes`: the change log, filtered, page by page, and verified.

use axum::{Json, extract::State};
use jiff::Timestamp;
use mainstay_http::{ApiQuery, ApiResult, PageQuery, Paged, ProblemBody};
use mainstay_kernel::{Cursor, Page};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::signed::Signed;
use crate::{
    model::{Entry, Permission},
    service::{Auth, LogFilter},
};

pub(super) fn routes() -> OpenApiRouter<Auth> {
    OpenApiRouter::new()
        .routes(routes!(list_changes))
        .routes(routes!(verify_changes))
}

/// Which changes are wanted; what is left out does not matter.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ChangeQuery {
    /// By this account.
    #[param(value_type = Option<String>, format = "uuid")]
    actor: Option<Uuid>,
    /// What was done.
    #[param(example = "user.update")]
    action: Option<String>,
    /// To this kind of thing.
    #[param(example = "user")]
    target_kind: Option<String>,
    /// To the thing with this identifier.
    target: Option<String>,
    /// Not before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
}

/// A change, as it was written down.
#[derive(Debug, Serialize, ToSchema)]
struct ChangeBody {
    /// Its place in the log, counted from 1.
    position: i64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// `person`, `token`, `system`, `file` or `console`.
    actor_kind: String,
    /// Which account.
    #[schema(value_type = Option<String>, format = "uuid")]
    actor_id: Option<Uuid>,
    /// What it was called then. Not markup.
    actor: String,
    /// What was done.
    action: String,
    /// To what kind of thing.
    target_kind: String,
    /// Its identifier.
    target_id: String,
    /// What it was called then. Not markup.
    target: String,
    /// What was before.
    #[schema(value_type = Option<Object>)]
    before: Option<Value>,
    /// What was after it.
    #[schema(value_type = Option<Object>)]
    after: Option<Value>,
    /// From which address.
    address: Option<String>,
    /// In which request.
    request_id: Option<String>,
    /// SHA-256 over this entry and the one before it.
    hash: String,
}

impl From<Entry> for ChangeBody {
    fn from(entry: Entry) -> Self {
        // What is not JSON was not written by Mainstay; it is shown as the text it is.
        let json = |text: Option<String>| text.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)));
        Self {
            position: entry.position,
            at: entry.at,
            actor_kind: entry.actor_kind,
            actor_id: entry.actor_id,
            actor: entry.actor,
            action: entry.action,
            target_kind: entry.target_kind,
            target_id: entry.target_id,
            target: entry.target,
            before: json(entry.before),
            after: json(entry.after),
            address: entry.address,
            request_id: entry.request_id,
            hash: hex::encode(entry.hash),
        }
    }
}

/// List changes
///
/// The newest first.
#[utoipa::path(
    get, path = "/api/v1/auth/changes", operation_id = "list_changes", tag = "auth",
    params(ChangeQuery, PageQuery),
    responses(
        (status = 200, description = "A page of changes", body = Paged<ChangeBody>),
        (status = 401, description = "Nobody is signed in", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not allowed", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("log:read")))
)]
async fn list_changes(
    State(auth): State<Auth>,
    signed: Signed,
    ApiQuery(query): ApiQuery<ChangeQuery>,
    PageQuery(page): PageQuery,
) -> ApiResult<Paged<ChangeBody>> {
    signed.needs(Permission::LogRead)?;
    let filter = LogFilter {
        before: page.cursor.as_ref().map(|cursor| cursor.part(0)).transpose()?,
        actor: query.actor,
        action: query.action,
        target_kind: query.target_kind,
        target: query.target,
        from: query.from,
        to: query.to,
    };
    let entries = auth
        .changes(signed.identity.organization, &filter, page.limit + 1)
        .await?;
    let page = Page::from_overfetch(entries, page.limit, |entry| Cursor::of(&entry.position));
    Ok(page.map(ChangeBody::from).into())
}

/// Whether the change log is what was written.
#[derive(Debug, Serialize, ToSchema)]
struct VerifiedLog {
    /// Whether it is.
    whole: bool,
    /// How many entries are what was written, counted from the first.
    entries: i64,
    /// The hash of the last of them. Whoever keeps it elsewhere can tell later that nothing before it was changed.
    hash: String,
    /// Where it stops being what was written.
    problem: Option<String>,
}

/// Verify the change log
///
/// Reads all of it.
#[utoipa::path(
    get, path = "/api/v1/auth/changes/verify", operation_id = "verify_changes", tag = "auth",
    responses(
        (status = 200, description = "Whether it is what was written", body = VerifiedLog),
        (status = 401, description = "Nobody is signed in", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not allowed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("log:read")))
)]
async fn verify_changes(State(auth): State<Auth>, signed: Signed) -> ApiResult<Json<VerifiedLog>> {
    signed.needs(Permission::LogRead)?;
    let report = auth.verify_log(signed.identity.organization).await?;
    Ok(Json(VerifiedLog {
        whole: report.broken.is_none(),
        entries: report.good.entries,
        hash: report.good.hash_text(),
        problem: report.broken.map(|broken| broken.to_string()),
    }))
}
