//! Signing in and out, as existing clients do it, and as browsers do.

use super::*;

#[tokio::test]
async fn a_client_finds_out_how_to_sign_in_does_and_goes_on() {
    let app = app().await;
    let config = app.public("/api/v1/auth/config", Value::Null).await.body;
    assert_eq!(
        (&config["auth_mode"], &config["supports_registration"]),
        (&json!("local"), &json!(false))
    );
    let login = config["login_endpoint"].as_str().unwrap();
    let form = json!({"username": "editor", "password": PASSWORD, "email": null, "display_name": "Editor"});
    let first = app.public(login, form).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.body);
    assert_eq!(first.headers[header::CACHE_CONTROL], "no-store");
    for field in ["access_token", "refresh_token", "session_id"] {
        assert!(first.body[field].is_string(), "{field}");
    }
    assert_eq!(
        (&first.body["token_type"], &first.body["expires_in"]),
        (&json!("bearer"), &json!(900))
    );
    let user = &first.body["user"];
    assert_eq!(
        (&user["username"], &user["roles"], &user["is_dev_user"]),
        (&json!("editor"), &json!(["editor"]), &json!(false))
    );
    assert!(user["email"].is_string() && user["display_name"].is_string() && user["created_at"].is_string());

    let next = app
        .public(
            "/api/v1/auth/refresh",
            json!({"refresh_token": first.body["refresh_token"]}),
        )
        .await;
    assert_eq!(next.status, StatusCode::OK);
    assert!(next.body["access_token"].is_string() && next.body["refresh_token"].is_string());
    assert_ne!(next.body["refresh_token"], first.body["refresh_token"]);
    let bearer = next.body["access_token"].as_str().unwrap();
    let me = app.get("/api/v1/auth/me", bearer).await.body;
    assert_eq!(
        (&me["user_id"], &me["organization"]["name"]),
        (&user["user_id"], &json!("Mainstay"))
    );

    let out = app.post("/api/v1/auth/logout", bearer, Value::Null).await;
    assert_eq!(
        (out.status, &out.body["all_sessions_ended"]),
        (StatusCode::OK, &json!(false)),
        "one is left from setting the password"
    );
    assert_eq!(
        app.get("/api/v1/auth/me", bearer).await.status,
        StatusCode::UNAUTHORIZED
    );
    let again = app
        .public(
            "/api/v1/auth/refresh",
            json!({"refresh_token": next.body["refresh_token"]}),
        )
        .await;
    assert_eq!((again.status, again.code()), (StatusCode::UNAUTHORIZED, "session-over"));
}

#[tokio::test]
async fn wrong_credentials_have_one_answer_and_many_of_them_have_to_wait() {
    let app = app().await;
    let wrong = app
        .public("/api/v1/auth/login", json!({"username": "admin", "password": "wrong"}))
        .await;
    let nobody = app
        .public("/api/v1/auth/login", json!({"username": "nobody", "password": "wrong"}))
        .await;
    let without = app.public("/api/v1/auth/login", json!({"username": "admin"})).await;
    for answer in [&wrong, &nobody, &without] {
        assert_eq!((answer.status, &answer.body), (StatusCode::UNAUTHORIZED, &wrong.body));
    }
    let mut last = wrong;
    for _ in 0..10 {
        last = app
            .public("/api/v1/auth/login", json!({"username": "admin", "password": "wrong"}))
            .await;
    }
    assert_eq!(
        (last.status, last.code()),
        (StatusCode::TOO_MANY_REQUESTS, "too-many-attempts")
    );
    assert!(last.headers.contains_key(header::RETRY_AFTER));
    assert_eq!(
        app.public("/api/v1/auth/login", json!({"username": 7})).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[tokio::test]
async fn a_browser_keeps_its_refresh_token_where_no_script_reads_it() {
    let app = app().await;
    let form = json!({"username": "viewer", "password": PASSWORD, "cookie": true});
    let first = app.public("/api/v1/auth/login", form).await;
    assert_eq!(first.body["refresh_token"], Value::Null);
    let line = first.headers[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(
        line.contains("HttpOnly") && line.contains("SameSite=Strict") && line.contains("Secure"),
        "{line}"
    );
    let cookie = line.split(';').next().unwrap().to_owned();
    let refresh = |cookie: &str, origin: Option<&'static str>| {
        let mut request = Request::post("/api/v1/auth/refresh")
            .header(header::HOST, "mainstay.example")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::COOKIE, cookie);
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        request.body(Body::from("{}")).unwrap()
    };
    for origin in [None, Some("https://evil.example"), Some("null")] {
        let answer = app.send(refresh(&cookie, origin)).await;
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::FORBIDDEN, "cross-site"),
            "{origin:?}"
        );
    }
    let next = app.send(refresh(&cookie, Some("https://mainstay.example"))).await;
    assert_eq!(
        (next.status, &next.body["refresh_token"]),
        (StatusCode::OK, &Value::Null),
        "{}",
        next.body
    );
    assert!(
        next.headers[header::SET_COOKIE]
            .to_str()
            .unwrap()
            .starts_with("mainstay_refresh=msr_")
    );
    // The old cookie again ends the session and takes the cookie away.
    let reused = app.send(refresh(&cookie, Some("https://mainstay.example"))).await;
    assert_eq!(reused.status, StatusCode::UNAUTHORIZED);
    assert!(
        reused.headers[header::SET_COOKIE]
            .to_str()
            .unwrap()
            .contains("Max-Age=0")
    );
}

#[tokio::test]
async fn a_token_is_revoked_as_the_standard_has_it() {
    let app = app().await;
    let first = app.login("viewer").await.body;
    let bearer = first["access_token"].as_str().unwrap();
    let body = json!({"token": bearer, "token_type_hint": "access_token", "client_id": "a-client"});
    assert_eq!(
        app.public("/api/v1/auth/oauth/revoke", body).await.status,
        StatusCode::OK
    );
    assert_eq!(app.get("/api/v1/auth/me", bearer).await.code(), "invalid-token");
    let body = json!({"token": first["refresh_token"], "client_id": "a-client"});
    assert_eq!(
        app.public("/api/v1/auth/oauth/revoke", body).await.status,
        StatusCode::OK
    );
    let over = app
        .public("/api/v1/auth/refresh", json!({"refresh_token": first["refresh_token"]}))
        .await;
    assert_eq!(over.status, StatusCode::UNAUTHORIZED);
    let nothing = app
        .public("/api/v1/auth/oauth/revoke", json!({"token": "nothing"}))
        .await;
    assert_eq!(nothing.status, StatusCode::OK);
}

#[tokio::test]
async fn others_can_verify_our_tokens_with_what_is_published() {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let app = app().await;
    let configuration = app.public("/.well-known/openid-configuration", Value::Null).await.body;
    assert_eq!(configuration["issuer"], "https://mainstay.example");
    let uri = configuration["jwks_uri"]
        .as_str()
        .unwrap()
        .strip_prefix("https://mainstay.example")
        .unwrap()
        .to_owned();
    let keys = app.public(&uri, Value::Null).await.body;
    let key = &keys["keys"][0];
    assert_eq!(
        (&key["kty"], &key["crv"], &key["alg"]),
        (&json!("OKP"), &json!("Ed25519"), &json!("EdDSA"))
    );
    assert!(key.get("d").is_none(), "the private half stays here");
    let token = app.token("viewer").await;
    let (message, signature) = token.rsplit_once('.').unwrap();
    let public = URL_SAFE_NO_PAD.decode(key["x"].as_str().unwrap()).unwrap();
    let verifier = ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, public);
    verifier
        .verify(message.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
        .unwrap();
    let header: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(message.split('.').next().unwrap()).unwrap()).unwrap();
    assert_eq!(header, json!({"alg": "EdDSA", "typ": "at+jwt", "kid": key["kid"]}));
    assert_eq!(
        app.public("/api/v1/auth/health", Value::Null).await.body,
        json!({"status": "healthy"})
    );
}
