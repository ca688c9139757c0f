//! `/api/v1/teams`: who works together.

use axum::{Json, extract::State, http::StatusCode};
use mainstay_http::{ApiJson, ApiPath, ApiResult, Created, ProblemBody};
use mainstay_kernel::OrganizationId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::signed::Signed;
use crate::{
    error::AuthError,
    model::{Permission, TeamId, UserId},
    service::{Auth, NewTeam, Team},
};

pub(super) fn routes() -> OpenApiRouter<Auth> {
    OpenApiRouter::new()
        .routes(routes!(list_teams, create_team))
        .routes(routes!(delete_team))
        .routes(routes!(add_team_member, remove_team_member))
}

/// A team.
#[derive(Debug, Serialize, ToSchema)]
struct TeamBody {
    /// Identifies it.
    #[schema(value_type = String, format = "uuid")]
    team_id: TeamId,
    /// Whose it is.
    #[schema(value_type = String, format = "uuid")]
    organization_id: OrganizationId,
    /// What it is called.
    name: String,
    /// What it does.
    description: Option<String>,
    /// Who is in it, the earliest first.
    members: Vec<MemberBody>,
}

/// A member of a team.
#[derive(Debug, Serialize, ToSchema)]
struct MemberBody {
    /// The account.
    #[schema(value_type = String, format = "uuid")]
    user_id: UserId,
    /// What they sign in with.
    username: String,
}

impl From<Team> for TeamBody {
    fn from(team: Team) -> Self {
        let members = team.members.into_iter().map(|(user_id, username)| MemberBody {
            user_id,
            username: username.to_string(),
        });
        Self {
            team_id: team.id,
            organization_id: team.organization,
            name: team.name.to_string(),
            description: team.description,
            members: members.collect(),
        }
    }
}

/// A team to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TeamDraft {
    /// What to call it.
    #[schema(min_length = 1, max_length = 100, example = "Payments")]
    name: String,
    /// What it does.
    #[schema(max_length = 1000)]
    description: Option<String>,
}

/// List teams
///
/// By name. The answer is a bare array, as existing clients expect it.
#[utoipa::path(
    get, path = "/api/v1/teams", operation_id = "list_teams", tag = "auth",
    responses(
        (status = 200, description = "Every team", body = Vec<TeamBody>),
        (status = 401, description = "Nobody is signed in", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("user:read")))
)]
async fn list_teams(State(auth): State<Auth>, signed: Signed) -> ApiResult<Json<Vec<TeamBody>>> {
    signed.needs(Permission::UserRead)?;
    let teams = auth.teams(signed.identity.organization).await?;
    Ok(Json(teams.into_iter().map(TeamBody::from).collect()))
}

/// Make a team
#[utoipa::path(
    post, path = "/api/v1/teams", operation_id = "create_team", tag = "auth",
    request_body = TeamDraft,
    responses(
        (status = 201, description = "The team", body = TeamBody),
        (status = 400, description = "The body is no JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not allowed", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The name is taken", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("team:write")))
)]
async fn create_team(
    State(auth): State<Auth>,
    signed: Signed,
    ApiJson(draft): ApiJson<TeamDraft>,
) -> ApiResult<Created<TeamBody>> {
    signed.needs(Permission::TeamWrite)?;
    let new = NewTeam {
        name: draft.name.parse().map_err(|error| AuthError::field("name", error))?,
        description: draft.description,
    };
    let team = auth.create_team(&signed.by(), new).await?;
    Ok(Created {
        location: format!("/api/v1/teams/{}", team.id),
        version: None,
        body: team.into(),
    })
}

/// Delete a team
///
/// Its members stay.
#[utoipa::path(
    delete, path = "/api/v1/teams/{team_id}", operation_id = "delete_team", tag = "auth",
    params(("team_id" = String, Path, format = "uuid", description = "Which team")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not allowed", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such team", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("team:write")))
)]
async fn delete_team(State(auth): State<Auth>, signed: Signed, ApiPath(id): ApiPath<TeamId>) -> ApiResult<StatusCode> {
    signed.needs(Permission::TeamWrite)?;
    auth.delete_team(&signed.by(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Put somebody into a team
#[utoipa::path(
    put, path = "/api/v1/teams/{team_id}/members/{user_id}", operation_id = "add_team_member", tag = "auth",
    params(
        ("team_id" = String, Path, format = "uuid", description = "Which team"),
        ("user_id" = String, Path, format = "uuid", description = "Which account"),
    ),
    responses(
        (status = 204, description = "They are in it"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not allowed", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such team or account", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("team:write")))
)]
async fn add_team_member(
    State(auth): State<Auth>,
    signed: Signed,
    ApiPath((team, user)): ApiPath<(TeamId, UserId)>,
) -> ApiResult<StatusCode> {
    signed.needs(Permission::TeamWrite)?;
    auth.set_member(&signed.by(), team, user, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take somebody out of a team
#[utoipa::path(
    delete, path = "/api/v1/teams/{team_id}/members/{user_id}", operation_id = "remove_team_member", tag = "auth",
    params(
        ("team_id" = String, Path, format = "uuid", description = "Which team"),
        ("user_id" = String, Path, format = "uuid", description = "Which account"),
    ),
    responses(
        (status = 204, description = "They are not in it"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not allowed", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such team or account", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("team:write")))
)]
async fn remove_team_member(
    State(auth): State<Auth>,
    signed: Signed,
    ApiPath((team, user)): ApiPath<(TeamId, UserId)>,
) -> ApiResult<StatusCode> {
    signed.needs(Permission::TeamWrite)?;
    auth.set_member(&signed.by(), team, user, false).await?;
    Ok(StatusCode::NO_CONTENT)
}
