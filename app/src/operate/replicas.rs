//! `/api/v1/admin/replicas` and `/api/v1/admin/leases`: which processes share the work, and which of them does what.

use std::collections::HashMap;

use axum::extract::State;
use jiff::Timestamp;
use mainstay_http::{ApiResult, Paged};
use mainstay_work::{LeaseView, Member, ReplicaId, Role};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::Operate;

pub(super) fn routes() -> OpenApiRouter<Operate> {
    OpenApiRouter::new()
        .routes(routes!(list_replicas))
        .routes(routes!(list_leases))
}

/// The roles without which something is left undone, and what that is.
pub const NEEDED: [(Role, &str); 3] = [
    (Role::Watch, "nobody probes"),
    (Role::Page, "nobody decides alerts"),
    (Role::Work, "nobody runs jobs"),
];

/// What is left undone because no replica has the role for it, and what to do; `None` when every role is somebody's.
pub fn undone(is_somebodys: impl Fn(Role) -> bool) -> Option<String> {
    let undone: Vec<_> = NEEDED.iter().filter(|(role, _)| !is_somebodys(*role)).collect();
    let what: Vec<_> = undone.iter().map(|(_, what)| *what).collect();
    let roles: Vec<_> = undone.iter().map(|(role, _)| role.name()).collect();
    (!undone.is_empty()).then(|| {
        format!(
            "{}: no replica has the role for it; start one with `mainstay up --roles {}`",
            what.join(", "),
            roles.join(",")
        )
    })
}

/// One process that takes part.
#[derive(Debug, Serialize, ToSchema)]
struct ReplicaBody {
    /// Identifies this run of it.
    #[schema(value_type = String, format = "uuid")]
    id: ReplicaId,
    /// Its host and the port it listens on.
    name: String,
    /// The shares of the work it was started for: `api`, `watch`, `page`, `work`.
    roles: Vec<&'static str>,
    /// Its version of Mainstay.
    version: String,
    /// When it joined, by its own clock.
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// When it last gave a sign of life, by its own clock. Null on SQLite, which belongs to one process, so nobody has to know.
    #[schema(value_type = Option<String>, format = DateTime)]
    seen_at: Option<Timestamp>,
    /// Leases it holds.
    leases: usize,
    /// Whether this is the one that answers.
    answers: bool,
}

/// A share of the work that one replica at a time does.
#[derive(Debug, Serialize, ToSchema)]
struct LeaseBody {
    /// Its name.
    name: String,
    /// The role that a replica needs to hold it.
    role: String,
    /// Who holds it; null while it is free.
    holder: Option<HolderBody>,
    /// Counts up with every change of hands.
    token: i64,
    /// When it last changed hands.
    #[schema(value_type = String, format = DateTime)]
    changed_at: Timestamp,
}

/// The replica that holds or runs something.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HolderBody {
    /// Identifies it.
    #[schema(value_type = String, format = "uuid")]
    pub id: ReplicaId,
    /// Its name; null when it takes part no longer.
    pub name: Option<String>,
}

/// List the replicas
///
/// Oldest first.
#[utoipa::path(
    get, path = "/api/v1/admin/replicas", operation_id = "list_replicas", tag = "mainstay",
    responses((status = 200, description = "Every process that takes part", body = Paged<ReplicaBody>)),
    extensions(("x-permission" = json!("admin:read")))
)]
async fn list_replicas(State(operate): State<Operate>) -> ApiResult<Paged<ReplicaBody>> {
    let (members, leases) = (operate.leases.everybody().await?, operate.leases.all().await?);
    let (me, shared) = (operate.leases.me(), operate.leases.is_shared());
    Ok(whole(
        members
            .into_iter()
            .map(|member| replica(member, &leases, me, shared))
            .collect(),
    ))
}

fn replica(member: Member, leases: &[LeaseView], me: Option<ReplicaId>, shared: bool) -> ReplicaBody {
    ReplicaBody {
        leases: leases.iter().filter(|lease| lease.holder == Some(member.id)).count(),
        answers: me == Some(member.id),
        seen_at: shared.then_some(member.seen_at),
        roles: member.roles.into_iter().map(Role::name).collect(),
        id: member.id,
        name: member.name,
        version: member.version,
        started_at: member.started_at,
    }
}

/// List the leases
///
/// By name.
#[utoipa::path(
    get, path = "/api/v1/admin/leases", operation_id = "list_leases", tag = "mainstay",
    responses((status = 200, description = "Every lease and who holds it", body = Paged<LeaseBody>)),
    extensions(("x-permission" = json!("admin:read")))
)]
async fn list_leases(State(operate): State<Operate>) -> ApiResult<Paged<LeaseBody>> {
    let (leases, members) = (operate.leases.all().await?, operate.leases.everybody().await?);
    let names: HashMap<ReplicaId, String> = members.into_iter().map(|member| (member.id, member.name)).collect();
    Ok(whole(
        leases
            .into_iter()
            .map(|lease| LeaseBody {
                holder: lease.holder.map(|id| HolderBody {
                    id,
                    name: names.get(&id).cloned(),
                }),
                name: lease.name,
                role: lease.role,
                token: lease.token,
                changed_at: lease.changed_at,
            })
            .collect(),
    ))
}

/// A list that is short by its nature.
pub(super) fn whole<T>(items: Vec<T>) -> Paged<T> {
    Paged {
        items,
        next_cursor: None,
    }
}
