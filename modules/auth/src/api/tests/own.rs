//! One's own account: password, sessions, tokens, second factor.

use super::*;
use crate::model::{Totp, unbase32};

#[tokio::test]
async fn sessions_are_listed_and_one_is_ended_from_another() {
    let app = app().await;
    let (phone, laptop) = (app.login("viewer").await.body, app.token("viewer").await);
    let listed = app.get("/api/v1/auth/me/sessions", &laptop).await.body;
    assert_eq!(listed["items"].as_array().unwrap().len(), 3);
    assert_eq!(
        (&listed["items"][0]["is_this"], &listed["items"][0]["address"]),
        (&json!(true), &json!("192.0.2.9"))
    );
    let path = format!("/api/v1/auth/me/sessions/{}", phone["session_id"].as_str().unwrap());
    let stranger = app.token("admin").await;
    let not_theirs = app.call(Method::DELETE, &path, Some(&stranger), Value::Null).await;
    assert_eq!(
        (not_theirs.status, not_theirs.code()),
        (StatusCode::NOT_FOUND, "not-found")
    );
    assert_eq!(
        app.call(Method::DELETE, &path, Some(&laptop), Value::Null).await.status,
        StatusCode::NO_CONTENT
    );
    let over = app
        .get("/api/v1/auth/me", phone["access_token"].as_str().unwrap())
        .await;
    assert_eq!(over.status, StatusCode::UNAUTHORIZED);
    assert_eq!(app.get("/api/v1/auth/me", &laptop).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_token_is_shown_once_listed_without_its_secret_and_revoked() {
    let app = app().await;
    let editor = app.token("editor").await;
    let scopes = app.get("/api/v1/auth/me/available-scopes", &editor).await.body;
    let names = scopes["scopes"].as_array().unwrap();
    assert!(names.contains(&json!("catalog:write")) && !names.contains(&json!("user:write")));
    let draft = json!({"name": "deploy", "scopes": ["catalog:read", "account:read"], "expires_in_days": 30});
    let made = app.post("/api/v1/auth/me/tokens", &editor, draft).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let secret = made.body["secret"].as_str().unwrap();
    let me = app.get("/api/v1/auth/me", secret).await.body;
    assert_eq!(
        (&me["username"], &me["permissions"]),
        (&json!("editor"), &json!(["catalog:read", "account:read"]))
    );
    let listed = app.get("/api/v1/auth/me/tokens", &editor).await.body;
    assert_eq!(listed["items"][0]["name"], "deploy");
    assert!(!listed.to_string().contains(secret));
    let location = made.headers[header::LOCATION].to_str().unwrap();
    let stranger = app.token("admin").await;
    assert_eq!(
        app.call(Method::DELETE, location, Some(&stranger), Value::Null)
            .await
            .status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        app.call(Method::DELETE, location, Some(&editor), Value::Null)
            .await
            .status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(app.get("/api/v1/auth/me", secret).await.code(), "invalid-token");

    for (draft, field) in [
        (json!({"name": "", "scopes": ["catalog:read"]}), "name"),
        (json!({"name": "x", "scopes": []}), "scopes"),
        (
            json!({"name": "x", "scopes": ["catalog:read", "everything"]}),
            "scopes[1]",
        ),
        (json!({"name": "x", "scopes": ["user:write"]}), "scopes"),
        (json!({"name": "x", "scopes": ["account:write"]}), "scopes"),
        (
            json!({"name": "x", "scopes": ["catalog:read"], "expires_in_days": 0}),
            "expires_in_days",
        ),
        (
            json!({"name": "x", "scopes": ["catalog:read"], "expires_in_days": 367}),
            "expires_in_days",
        ),
        (
            json!({"name": "x", "scopes": ["catalog:read"], "colour": "red"}),
            "colour",
        ),
    ] {
        let answer = app.post("/api/v1/auth/me/tokens", &editor, draft.clone()).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{draft}");
        assert_eq!(answer.body["errors"][0]["field"], field, "{draft}");
    }
}

#[tokio::test]
async fn a_password_is_changed_by_whoever_knows_it() {
    let app = app().await;
    let viewer = app.token("viewer").await;
    let change = |present: &str, new: &str| json!({"present": present, "new": new});
    let path = "/api/v1/auth/me/password";
    let wrong = app.post(path, &viewer, change("wrong", OTHER_PASSWORD)).await;
    assert_eq!(
        (wrong.status, wrong.code()),
        (StatusCode::UNAUTHORIZED, "wrong-credentials")
    );
    let weak = app.post(path, &viewer, change(PASSWORD, "viewer12345")).await;
    assert_eq!(
        (weak.status, weak.code()),
        (StatusCode::UNPROCESSABLE_ENTITY, "weak-password")
    );
    assert!(!weak.body.to_string().contains("viewer12345"));
    assert_eq!(
        app.post(path, &viewer, change(PASSWORD, OTHER_PASSWORD)).await.status,
        StatusCode::NO_CONTENT
    );
    let old = app
        .public(
            "/api/v1/auth/login",
            json!({"username": "viewer", "password": PASSWORD}),
        )
        .await;
    assert_eq!(old.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_authenticator_is_added_asked_for_and_removed() {
    let app = app().await;
    let viewer = app.token("viewer").await;
    let password = json!({"password": PASSWORD});
    let enrolment = app.post("/api/v1/auth/me/factors/totp", &viewer, password).await;
    assert_eq!(enrolment.headers[header::CACHE_CONTROL], "no-store");
    let totp = Totp::of(unbase32(enrolment.body["secret"].as_str().unwrap()).unwrap());
    let code = |app: &App| totp.code(mainstay_kernel::Clock::now(&*app.clock).as_second() / 30);
    let confirmed = app
        .post(
            "/api/v1/auth/me/factors/totp/confirm",
            &viewer,
            json!({"code": code(&app)}),
        )
        .await;
    let codes = confirmed.body["recovery_codes"].as_array().unwrap().clone();
    assert_eq!(codes.len(), 10);
    let without = app
        .public(
            "/api/v1/auth/login",
            json!({"username": "viewer", "password": PASSWORD}),
        )
        .await;
    assert_eq!(
        (without.status, without.code()),
        (StatusCode::UNAUTHORIZED, "second-factor-needed")
    );
    let with = json!({"username": "viewer", "password": PASSWORD, "code": codes[0]});
    assert_eq!(app.public("/api/v1/auth/login", with).await.status, StatusCode::OK);
    let factors = app.get("/api/v1/auth/me/factors", &viewer).await.body;
    assert_eq!(factors["recovery_codes_left"], 9);
    app.clock.advance(SignedDuration::from_secs(60));
    let remove = json!({"password": PASSWORD, "code": code(&app)});
    assert_eq!(
        app.post("/api/v1/auth/me/factors/totp/remove", &viewer, remove)
            .await
            .status,
        StatusCode::NO_CONTENT
    );
    app.login("viewer").await;
}

#[tokio::test]
async fn a_link_is_looked_at_and_redeemed() {
    let app = app().await;
    let admin = app.token("admin").await;
    let made = app
        .post(
            "/api/v1/auth/users",
            &admin,
            json!({"username": "ada", "role": "editor"}),
        )
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    assert_eq!(made.body["user"]["has_password"], false);
    let secret = &made.body["link"]["secret"];
    let looked = app
        .public("/api/v1/auth/links/look", json!({"secret": secret}))
        .await
        .body;
    assert_eq!(looked, json!({"username": "ada", "purpose": "invite"}));
    let redeemed = app
        .public(
            "/api/v1/auth/links/redeem",
            json!({"secret": secret, "password": PASSWORD}),
        )
        .await;
    assert_eq!(
        (redeemed.status, &redeemed.body["user"]["username"]),
        (StatusCode::OK, &json!("ada"))
    );
    let again = app
        .public(
            "/api/v1/auth/links/redeem",
            json!({"secret": secret, "password": OTHER_PASSWORD}),
        )
        .await;
    assert_eq!((again.status, again.code()), (StatusCode::NOT_FOUND, "link-spent"));
}
