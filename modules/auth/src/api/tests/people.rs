//! Other people's accounts, teams, and the change log.

use super::*;

#[tokio::test]
async fn accounts_are_made_changed_and_deleted_by_administrators() {
    let app = app().await;
    let admin = app.token("admin").await;
    let draft = json!({"username": "Ada", "email": "ada@example.org", "display_name": "<script>alert(1)</script>"});
    let made = app.post("/api/v1/auth/users", &admin, draft).await;
    assert_eq!(made.headers[header::LOCATION], "/api/v1/auth/users/ada");
    let user = &made.body["user"];
    assert_eq!(
        (&user["role"], &user["display_name"]),
        (&json!("viewer"), &json!("<script>alert(1)</script>"))
    );
    let path = "/api/v1/auth/users/ada";
    let found = app.get(path, &admin).await;
    let etag = found.headers[header::ETAG].clone();
    assert_eq!((&found.body, etag.to_str().unwrap()), (user, "\"1\""));

    let edit = |body: Value, if_match: &str| {
        Request::patch(path)
            .header(header::AUTHORIZATION, format!("Bearer {admin}"))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::IF_MATCH, if_match)
            .body(Body::from(body.to_string()))
            .unwrap()
    };
    let changed = app
        .send(edit(json!({"role": "responder", "email": null}), "\"1\""))
        .await;
    assert_eq!(
        (changed.status, &changed.body["role"], &changed.body["email"]),
        (StatusCode::OK, &json!("responder"), &Value::Null)
    );
    let stale = app.send(edit(json!({"role": "admin"}), "\"1\"")).await;
    assert_eq!((stale.status, stale.code()), (StatusCode::PRECONDITION_FAILED, "stale"));
    let wrong = app.send(edit(json!({"role": "owner"}), "*")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let taken = app.post("/api/v1/auth/users", &admin, json!({"username": "ADA"})).await;
    assert_eq!((taken.status, taken.code()), (StatusCode::CONFLICT, "already-exists"));

    let gone = app.call(Method::DELETE, path, Some(&admin), Value::Null).await;
    assert_eq!(
        (gone.status, gone.body["message"].as_str()),
        (StatusCode::OK, Some("The account `ada` is deleted."))
    );
    assert_eq!(app.get(path, &admin).await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        app.get("/api/v1/auth/users/%00", &admin).await.status,
        StatusCode::NOT_FOUND
    );
    let last = app
        .call(Method::DELETE, "/api/v1/auth/users/admin", Some(&admin), Value::Null)
        .await;
    assert_eq!((last.status, last.code()), (StatusCode::CONFLICT, "last-administrator"));
    let listed = app.get("/api/v1/auth/users", &app.token("viewer").await).await.body;
    let names: Vec<_> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["username"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["admin", "editor", "responder", "viewer"]);
}

#[tokio::test]
async fn everything_an_account_holds_is_revoked() {
    let app = app().await;
    let admin = app.token("admin").await;
    let editor = app.login("editor").await.body;
    let id = editor["user"]["user_id"].as_str().unwrap();
    let revoked = app
        .post(&format!("/api/v1/auth/users/{id}/revoke-tokens"), &admin, Value::Null)
        .await;
    assert_eq!(revoked.status, StatusCode::OK);
    assert_eq!(revoked.body["revoked_before"], "2026-03-01T12:00:00Z");
    let bearer = editor["access_token"].as_str().unwrap();
    assert_eq!(app.get("/api/v1/auth/me", bearer).await.code(), "invalid-token");
    let link = app
        .post(&format!("/api/v1/auth/users/{id}/link"), &admin, Value::Null)
        .await;
    assert!(link.body["secret"].as_str().unwrap().starts_with("msl_"));
}

#[tokio::test]
async fn replaced_keys_make_everybody_refresh() {
    let app = app().await;
    let admin = app.login("admin").await.body;
    let bearer = admin["access_token"].as_str().unwrap();
    assert_eq!(
        app.post("/api/v1/auth/keys/replace", bearer, Value::Null).await.status,
        StatusCode::OK
    );
    assert_eq!(app.get("/api/v1/auth/me", bearer).await.code(), "invalid-token");
    let next = app
        .public("/api/v1/auth/refresh", json!({"refresh_token": admin["refresh_token"]}))
        .await;
    assert_eq!(
        app.get("/api/v1/auth/me", next.body["access_token"].as_str().unwrap())
            .await
            .status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn teams_are_made_filled_and_deleted() {
    let app = app().await;
    let admin = app.login("admin").await.body;
    let bearer = admin["access_token"].as_str().unwrap();
    let made = app.post("/api/v1/teams", bearer, json!({"name": "Payments"})).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let team = made.headers[header::LOCATION].to_str().unwrap().to_owned();
    let member = format!("{team}/members/{}", admin["user"]["user_id"].as_str().unwrap());
    for verb in [Method::PUT, Method::PUT] {
        assert_eq!(
            app.call(verb, &member, Some(bearer), Value::Null).await.status,
            StatusCode::NO_CONTENT
        );
    }
    let listed = app.get("/api/v1/teams", bearer).await.body;
    assert_eq!(
        (listed.as_array().unwrap().len(), &listed[0]["members"][0]["username"]),
        (1, &json!("admin"))
    );
    assert_eq!(
        app.call(Method::DELETE, &member, Some(bearer), Value::Null)
            .await
            .status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        app.call(Method::DELETE, &team, Some(bearer), Value::Null).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        app.call(Method::DELETE, &team, Some(bearer), Value::Null).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn the_change_log_is_read_page_by_page_filtered_and_verified() {
    let app = app().await;
    let admin = app.token("admin").await;
    let first = app.get("/api/v1/auth/changes?limit=3", &admin).await.body;
    assert_eq!(first["items"].as_array().unwrap().len(), 3);
    let newest = &first["items"][0];
    assert_eq!(
        (&newest["action"], &newest["actor"], &newest["address"]),
        (&json!("session.begin"), &json!("admin"), &json!("192.0.2.9"))
    );
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = app
        .get(&format!("/api/v1/auth/changes?limit=3&cursor={cursor}"), &admin)
        .await
        .body;
    assert_eq!(
        second["items"][0]["position"].as_i64().unwrap() + 3,
        newest["position"].as_i64().unwrap()
    );
    let made = app
        .get("/api/v1/auth/changes?action=user.create&target_kind=user", &admin)
        .await
        .body;
    assert_eq!(made["items"].as_array().unwrap().len(), 4);
    assert_eq!(made["items"][0]["after"]["role"], "admin");
    for wrong in ["actor=ada", "from=yesterday", "cursor=zz", "limit=0"] {
        let answer = app.get(&format!("/api/v1/auth/changes?{wrong}"), &admin).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    let verified = app.get("/api/v1/auth/changes/verify", &admin).await.body;
    assert_eq!((&verified["whole"], &verified["problem"]), (&json!(true), &Value::Null));
    assert_eq!(verified["entries"], newest["position"]);
}
