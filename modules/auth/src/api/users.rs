//! `/api/v1/auth/users`: who has an account.

use axum::{Json, extract::State};
use jiff::Timestamp;
use mainstay_http::{ApiJson, ApiPath, ApiResult, Created, IfMatch, Paged, ProblemBody, Tagged};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    shapes::{LinkBody, Said},
    signed::Signed,
};
use crate::{
    error::AuthError,
    model::{Email, InvalidName, Permission, Role, UserId, Username},
    service::{Auth, NewUser, User, UserEdit},
};

pub(super) fn routes() -> OpenApiRouter<Auth> {
    OpenApiRouter::new()
        .routes(routes!(list_users, create_user))
        .routes(routes!(get_user, update_user, delete_user))
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
struct UserBody {
    /// Identifies the account.
    #[schema(value_type = String, format = "uuid")]
    user_id: UserId,
    /// What they sign in with.
    username: String,
    /// Where they can be reached.
    email: Option<String>,
    /// What they are called. Not markup.
    display_name: String,
    /// What they are trusted with.
    role: Role,
    /// Whether they can sign in.
    is_active: bool,
    /// Whether they have set a password.
    has_password: bool,
    /// When they last signed in.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_login_at: Option<Timestamp>,
    /// When the account was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// Counts the changes.
    version: i64,
}

impl From<User> for UserBody {
    fn from(user: User) -> Self {
        Self {
            user_id: user.id,
            username: user.username.to_string(),
            email: user.email.map(String::from),
            display_name: user.display_name.to_string(),
            role: user.role,
            is_active: user.active,
            has_password: user.has_password,
            last_login_at: user.last_sign_in_at,
            created_at: user.created_at,
            updated_at: user.updated_at,
            version: user.version,
        }
    }
}

/// An account to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UserDraft {
    /// What they sign in with: letters, digits and `. _ - @ +`.
    #[schema(min_length = 1, max_length = 64, example = "ada")]
    username: String,
    /// Where they can be reached.
    #[schema(example = "ada@example.org")]
    email: Option<String>,
    /// What they are called; their username when left out.
    #[schema(max_length = 100, example = "Ada Lovelace")]
    display_name: Option<String>,
    /// What they are trusted with.
    #[serde(default = "viewer")]
    role: Role,
}

fn viewer() -> Role {
    Role::Viewer
}

/// What is to be changed; what is left out stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "left out, null and a value are three things")]
struct UserPatch {
    /// What they sign in with.
    #[schema(min_length = 1, max_length = 64)]
    username: Option<String>,
    /// Where they can be reached; null takes the address away.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    email: Option<Option<String>>,
    /// What they are called.
    #[schema(max_length = 100)]
    display_name: Option<String>,
    /// What they are trusted with.
    role: Option<Role>,
    /// Whether they can sign in.
    is_active: Option<bool>,
}

/// Tells a field that is null from one that is left out.
#[expect(clippy::option_option, reason = "left out, null and a value are three things")]
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

fn read<T: std::str::FromStr<Err = InvalidName>>(field: &str, text: &str) -> Result<T, AuthError> {
    text.parse().map_err(|error| AuthError::field(field, error))
}

impl TryFrom<UserDraft> for NewUser {
    type Error = AuthError;

    fn try_from(draft: UserDraft) -> Result<Self, AuthError> {
        Ok(Self {
            username: read("username", &draft.username)?,
            email: draft.email.as_deref().map(|email| read("email", email)).transpose()?,
            display_name: draft
                .display_name
                .as_deref()
                .map(|name| read("display_name", name))
                .transpose()?,
            role: draft.role,
        })
    }
}

impl TryFrom<UserPatch> for UserEdit {
    type Error = AuthError;

    fn try_from(patch: UserPatch) -> Result<Self, AuthError> {
        let email = match patch.email {
            None => None,
            Some(None) => Some(None),
            Some(Some(email)) => Some(Some(read::<Email>("email", &email)?)),
        };
        Ok(Self {
            username: patch
                .username
                .as_deref()
                .map(|name| read("username", name))
                .transpose()?,
            email,
            display_name: patch
                .display_name
                .as_deref()
                .map(|name| read("display_name", name))
                .transpose()?,
            role: patch.role,
            active: patch.is_active,
        })
    }
}

/// List accounts
///
/// By username, all on one page.
#[utoipa::path(
    get, path = "/api/v1/auth/users", operation_id = "list_users", tag = "auth",
    responses(
        (status = 200, description = "Every account", body = Paged<UserBody>),
        (status = 401, description = "Nobody is signed in", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not allowed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("user:read")))
)]
async fn list_users(State(auth): State<Auth>, signed: Signed) -> ApiResult<Paged<UserBody>> {
    signed.needs(Permission::UserRead)?;
    let users = auth.users(signed.identity.organization).await?;
    Ok(Paged {
        items: users.into_iter().map(UserBody::from).collect(),
        next_cursor: None,
    })
}

/// A new account, and the link to set its password.
#[derive(Debug, Serialize, ToSchema)]
struct CreatedUser {
    /// The account.
    user: UserBody,
    /// For its owner; shown this once.
    link: LinkBody,
}

/// Make an account
///
/// The answer holds a one-time link for its owner to set a password, this once.
#[utoipa::path(
    post, path = "/api/v1/auth/users", operation_id = "create_user", tag = "auth",
    request_body = UserDraft,
    responses(
        (status = 201, description = "The account and the link", body = CreatedUser),
        (status = 400, description = "The body is no JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not allowed", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The name or the address is taken", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("user:write")))
)]
async fn create_user(
    State(auth): State<Auth>,
    signed: Signed,
    ApiJson(draft): ApiJson<UserDraft>,
) -> ApiResult<Created<CreatedUser>> {
    signed.needs(Permission::UserWrite)?;
    let (user, link) = auth.create_user(&signed.by(), draft.try_into()?).await?;
    Ok(Created {
        location: format!("/api/v1/auth/users/{}", user.username),
        version: Some(user.version),
        body: CreatedUser {
            user: user.into(),
            link: link.into(),
        },
    })
}

/// The account that a path names.
async fn named(auth: &Auth, signed: &Signed, username: &str) -> Result<User, AuthError> {
    let no_such = || AuthError::no_such("user", username);
    let username: Username = username.parse().map_err(|_| no_such())?;
    auth.user_named(signed.identity.organization, &username).await
}

/// Look at an account
#[utoipa::path(
    get, path = "/api/v1/auth/users/{username}", operation_id = "get_user", tag = "auth",
    params(("username" = String, Path, description = "Which account")),
    responses(
        (status = 200, description = "The account", body = UserBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is none of that name", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("user:read")))
)]
async fn get_user(
    State(auth): State<Auth>,
    signed: Signed,
    ApiPath(username): ApiPath<String>,
) -> ApiResult<Tagged<UserBody>> {
    signed.needs(Permission::UserRead)?;
    let user = named(&auth, &signed, &username).await?;
    Ok(Tagged(user.version, user.into()))
}

/// Change an account
///
/// A role that is taken away is gone at once. An account that is switched off loses its sessions.
#[utoipa::path(
    patch, path = "/api/v1/auth/users/{username}", operation_id = "update_user", tag = "auth",
    params(
        ("username" = String, Path, description = "Which account"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is based on"),
    ),
    request_body = UserPatch,
    responses(
        (status = 200, description = "The account as it is now", body = UserBody),
        (status = 400, description = "The body is no JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not allowed", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is none of that name", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "A name is taken, or it is the last administrator", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "Somebody changed it meanwhile", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("user:write")))
)]
async fn update_user(
    State(auth): State<Auth>,
    signed: Signed,
    ApiPath(username): ApiPath<String>,
    IfMatch(based_on): IfMatch,
    ApiJson(patch): ApiJson<UserPatch>,
) -> ApiResult<Tagged<UserBody>> {
    signed.needs(Permission::UserWrite)?;
    let user = named(&auth, &signed, &username).await?;
    let user = auth
        .update_user(&signed.by(), user.id, based_on, patch.try_into()?)
        .await?;
    Ok(Tagged(user.version, user.into()))
}

/// Delete an account
///
/// With its sessions and tokens. What it did stays in the change log.
#[utoipa::path(
    delete, path = "/api/v1/auth/users/{username}", operation_id = "delete_user", tag = "auth",
    params(("username" = String, Path, description = "Which account")),
    responses(
        (status = 200, description = "It is gone", body = Said),
        (status = 401, description = "Nobody is signed in", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not allowed", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is none of that name", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It is the last administrator", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("user:write")))
)]
async fn delete_user(
    State(auth): State<Auth>,
    signed: Signed,
    ApiPath(username): ApiPath<String>,
) -> ApiResult<Json<Said>> {
    signed.needs(Permission::UserWrite)?;
    let user = named(&auth, &signed, &username).await?;
    let user = auth.delete_user(&signed.by(), user.id).await?;
    let message = format!("The account `{}` is deleted.", user.username);
    Ok(Json(Said { message }))
}
