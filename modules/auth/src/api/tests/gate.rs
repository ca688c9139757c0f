//! The gate: every operation by every role, by nobody, and by tokens that are not good.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::*;
use crate::model::Permission;

fn method(text: &str) -> Method {
    text.parse().unwrap()
}

/// A path of a pattern, with identifiers of things that do not exist.
fn path(pattern: &str) -> String {
    let id = "0190f5b0-0000-7000-8000-00000000dead";
    let parts: Vec<&str> = pattern
        .split('/')
        .map(|part| if part.starts_with('{') { id } else { part })
        .collect();
    parts.join("/")
}

#[tokio::test]
async fn every_operation_is_for_whom_its_permission_says() {
    let app = app().await.guarded();
    let mut tokens = Vec::new();
    for role in Role::ALL {
        tokens.push((role, app.token(role.as_str()).await));
    }
    let mut judged = 0;
    for (verb, pattern, access) in own_rows() {
        let uri = path(pattern);
        let stranger = app.call(method(verb), &uri, None, json!({})).await;
        let closed = matches!(stranger.code(), "not-signed-in");
        assert_eq!(
            closed,
            access != Access::Public,
            "{verb} {pattern} by nobody: {}",
            stranger.body
        );
        let Access::Needs(permission) = access else {
            continue;
        };
        assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
        assert!(stranger.headers.contains_key(header::WWW_AUTHENTICATE));
        for (role, token) in &tokens {
            // These would end the session that asks, which the next operation needs.
            if pattern == "/api/v1/auth/logout" || pattern == "/api/v1/auth/keys/replace" {
                continue;
            }
            let answer = app.call(method(verb), &uri, Some(token), json!({})).await;
            let refused = answer.status == StatusCode::FORBIDDEN;
            assert_eq!(
                refused,
                *role < permission.least_role(),
                "{verb} {pattern} by {role}: {}",
                answer.body
            );
            judged += 1;
        }
    }
    assert!(judged > 80, "{judged}");
}

/// Whoever wires the routes without the gate must not open them.
#[tokio::test]
async fn without_the_gate_every_route_of_this_module_is_closed_all_the_same() {
    let app = app().await;
    let viewer = app.token("viewer").await;
    for (verb, pattern, access) in own_rows() {
        let Access::Needs(permission) = access else {
            continue;
        };
        let body = match pattern {
            "/api/v1/auth/users" => json!({"username": "x"}),
            "/api/v1/teams" => json!({"name": "x"}),
            _ => json!({}),
        };
        let stranger = app.call(method(verb), &path(pattern), None, body.clone()).await;
        assert_eq!(
            stranger.status,
            StatusCode::UNAUTHORIZED,
            "{verb} {pattern}: {}",
            stranger.body
        );
        if permission.least_role() > Role::Viewer {
            let answer = app.call(method(verb), &path(pattern), Some(&viewer), body).await;
            assert_eq!(
                answer.status,
                StatusCode::FORBIDDEN,
                "{verb} {pattern}: {}",
                answer.body
            );
        }
    }
}

#[tokio::test]
async fn a_route_without_a_row_is_nobodys_and_what_is_no_route_is_not_guarded() {
    let app = app().await;
    let admin = app.token("admin").await;
    let state = Gate {
        auth: app.auth.clone(),
        table: Arc::new(RouteTable::default()),
    };
    let app = App {
        router: app.router.clone().layer(middleware::from_fn_with_state(state, gate)),
        ..app
    };
    let answer = app.get("/api/v1/auth/me", &admin).await;
    assert_eq!(
        (answer.status, answer.code()),
        (StatusCode::FORBIDDEN, "no-permission-declared")
    );
    assert_eq!(app.get("/nowhere", &admin).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn tokens_that_are_not_good_open_nothing() {
    let app = app().await.guarded();
    let good = app.token("admin").await;
    let parts: Vec<&str> = good.split('.').collect();
    let none = URL_SAFE_NO_PAD.encode(json!({"alg": "none", "typ": "at+jwt"}).to_string());
    let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    claims["username"] = json!("root");
    let forged = URL_SAFE_NO_PAD.encode(claims.to_string());
    for bad in [
        format!("{none}.{}.", parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{}.{forged}.{}", parts[0], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        "msr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        "mst_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        "null".to_owned(),
    ] {
        let answer = app.get("/api/v1/auth/me", &bad).await;
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::UNAUTHORIZED, "invalid-token"),
            "{bad}"
        );
        assert!(
            !answer.body.to_string().contains(&bad),
            "an error never repeats a token"
        );
    }
    // Not in an address, not under another scheme, not in another header.
    for request in [
        Request::get(format!("/api/v1/auth/me?access_token={good}")),
        Request::get("/api/v1/auth/me").header(header::AUTHORIZATION, format!("Basic {good}")),
        Request::get("/api/v1/auth/me").header(header::AUTHORIZATION, good.clone()),
        Request::get("/api/v1/auth/me").header(header::COOKIE, format!("access_token={good}")),
        Request::get("/api/v1/auth/me")
            .header("x-user-id", "admin")
            .header("x-user-roles", "admin"),
    ] {
        let answer = app.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::UNAUTHORIZED, "not-signed-in")
        );
    }
    app.clock.advance(SignedDuration::from_mins(15));
    let late = app.get("/api/v1/auth/me", &good).await;
    assert_eq!((late.status, late.code()), (StatusCode::UNAUTHORIZED, "token-expired"));
}

#[tokio::test]
async fn a_token_that_expired_does_not_keep_anybody_from_signing_in() {
    let app = app().await.guarded();
    let old = app.login("viewer").await;
    app.clock.advance(SignedDuration::from_mins(20));
    let bearer = old.body["access_token"].as_str().unwrap();
    let body = json!({"refresh_token": old.body["refresh_token"]});
    assert_eq!(
        app.post("/api/v1/auth/refresh", bearer, body).await.status,
        StatusCode::OK
    );
    let body = json!({"username": "viewer", "password": PASSWORD});
    assert_eq!(
        app.post("/api/v1/auth/login", bearer, body).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn an_api_token_does_what_its_scopes_say_and_no_more() {
    let app = app().await.guarded();
    let admin = app.token("admin").await;
    let draft = json!({"name": "reader", "scopes": ["user:read"]});
    let made = app.post("/api/v1/auth/me/tokens", &admin, draft).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let program = made.body["secret"].as_str().unwrap();
    for (verb, pattern, access) in own_rows() {
        let Access::Needs(permission) = access else {
            continue;
        };
        let answer = app.call(method(verb), &path(pattern), Some(program), json!({})).await;
        let refused = answer.status == StatusCode::FORBIDDEN;
        assert_eq!(
            refused,
            permission != Permission::UserRead,
            "{verb} {pattern}: {}",
            answer.body
        );
    }
}
