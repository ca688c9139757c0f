//! Schedules.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{App, databases};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schedule_is_held_back_and_goes_on() {
    for database in databases().await {
        let app = App::new(&database).await;
        app.start().await;
        app.operate.jobs.start(&app.tasks).await.unwrap();
        let spring = app.get("schedules").await["items"][0].clone();
        assert_eq!(
            (&spring["name"], &spring["kind"], &spring["cron"], &spring["zone"]),
            (
                &json!("spring"),
                &json!("boat.paint"),
                &json!("0 3 * * *"),
                &json!("Europe/Berlin")
            )
        );
        assert_eq!((&spring["paused"], &spring["last_job"]), (&json!(false), &Value::Null));
        assert!(spring["next_at"].is_string());

        let paused = app.post("schedules/spring/pause").await;
        assert_eq!((&paused["paused"], &paused["next_at"]), (&json!(true), &Value::Null));
        let resumed = app.post("schedules/spring/resume").await;
        assert_eq!(
            (&resumed["paused"], &resumed["next_at"]),
            (&json!(false), &spring["next_at"])
        );
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schedule_comes_now_and_says_what_became_of_its_job() {
    for database in databases().await {
        let app = App::new(&database).await;
        app.start().await;
        app.operate.jobs.start(&app.tasks).await.unwrap();
        let answer = app.call(Method::POST, "schedules/spring/run-now").await;
        assert_eq!(answer.status, StatusCode::CREATED);
        assert_eq!(answer.body["kind"], "boat.paint");
        let id = answer.body["id"].clone();
        super::until("its job is done", || async {
            let spring = app.get("schedules").await["items"][0].clone();
            assert_eq!(spring["last_job"]["id"], id);
            spring["last_job"]["state"] == "done"
        })
        .await;
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schedule_never_comes_beside_itself_and_an_unknown_one_never() {
    for database in databases().await {
        let app = App::new(&database).await;
        app.start().await;
        let (status, code, _) = app.refused(Method::POST, "schedules/spring/run-now").await;
        assert_eq!(
            (status, code.as_str()),
            (404, "not-found"),
            "nobody has declared it yet"
        );
        // Declared by a replica that runs nothing, so that its job stays.
        app.database
            .execute(mainstay_store::sql(
                "INSERT INTO work_schedule (name, organization_id, cron, zone, kind, payload, paused, next_at, updated_at) \
                 SELECT 'spring', id, '0 3 * * *', 'UTC', 'boat.paint', '{}', FALSE, NULL, 0 FROM work_replica",
            ))
            .await
            .unwrap();
        app.post("schedules/spring/run-now").await;
        let (status, code, detail) = app.refused(Method::POST, "schedules/spring/run-now").await;
        assert_eq!((status, code.as_str()), (409, "schedule-still-going"));
        assert!(detail.starts_with("`spring` did not come again"), "{detail}");
        app.database
            .execute(mainstay_store::sql(
                "UPDATE work_schedule SET name = 'of another version'",
            ))
            .await
            .unwrap();
        let (status, code, _) = app
            .refused(Method::POST, "schedules/of%20another%20version/run-now")
            .await;
        assert_eq!((status, code.as_str()), (409, "schedule-not-here"));
        for action in ["pause", "resume", "run-now"] {
            let (status, code, detail) = app.refused(Method::POST, &format!("schedules/autumn/{action}")).await;
            assert_eq!((status, code.as_str()), (404, "not-found"));
            assert!(detail.contains("no schedule `autumn`"), "{detail}");
        }
        app.stop().await;
    }
}
