//! Jobs and queues.

use axum::http::Method;
use mainstay_store::sql;
use serde_json::{Value, json};

use super::{App, all, databases};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_are_listed_newest_first_a_page_at_a_time_and_by_state() {
    for database in databases().await {
        let app = App::new(&database).await;
        let ids = [app.enqueue("a").await, app.enqueue("b").await, app.enqueue("c").await].map(|id| json!(id));
        let page = app.get("jobs?limit=2").await;
        assert_eq!(all(&page, "id"), [ids[2].clone(), ids[1].clone()]);
        assert!(page["items"][0].get("payload").is_none(), "a list is short");
        let cursor = page["next_cursor"].as_str().unwrap();
        let page = app.get(&format!("jobs?limit=2&cursor={cursor}")).await;
        assert_eq!(
            (all(&page, "id"), &page["next_cursor"]),
            (vec![ids[0].clone()], &Value::Null)
        );

        app.post(&format!("jobs/{}/cancel", ids[1].as_str().unwrap())).await;
        assert_eq!(all(&app.get("jobs?state=cancelled").await, "id"), [ids[1].clone()]);
        assert_eq!(
            all(&app.get("jobs?state=waiting&kind=boat.paint&queue=dock").await, "id").len(),
            2
        );
        assert!(all(&app.get("jobs?kind=boat.sink").await, "id").is_empty());
        let (status, code, detail) = app.refused(Method::GET, "jobs?state=asleep").await;
        assert_eq!((status, code.as_str()), (422, "invalid-query"));
        assert!(detail.contains("asleep") && detail.contains("waiting"), "{detail}");
        let (status, code, _) = app.refused(Method::GET, "jobs?cursor=77").await;
        assert_eq!((status, code.as_str()), (422, "invalid-cursor"));
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_is_shown_in_full_and_without_its_secrets() {
    for database in databases().await {
        let app = App::new(&database).await;
        app.start().await;
        for boat in ["tug", "rotten"] {
            let payload = json!({"boat": boat, "api_key": "hunter2"});
            let inline = app.operate.jobs.begin_inline("boat.paint", &payload).await.unwrap();
            inline.run_until(std::future::pending()).await.unwrap();
        }
        let ids = all(&app.get("jobs").await, "id");
        let rotten = app.get(&format!("jobs/{}", ids[0].as_str().unwrap())).await;
        assert_eq!(rotten["payload"], json!({"boat": "rotten", "api_key": "***"}));
        assert_eq!(rotten["last_error"], "no paint at https://paint:***@shop/");
        assert_eq!((&rotten["state"], &rotten["attempt"]), (&json!("failed"), &json!(1)));
        let tug = app.get(&format!("jobs/{}", ids[1].as_str().unwrap())).await;
        assert_eq!(tug["result"], json!({"painted": "tug", "receipt_token": "***"}));
        assert!(tug["finished_at"].is_string() && tug["replica"].is_null());

        app.database
            .execute(
                sql(
                    "UPDATE work_job SET state = 'running', holder = $1, progress_done = 3, progress_total = 9, \
                     progress_text = 'the hull' WHERE state = 'failed'",
                )
                .id(app.operate.leases.me().unwrap()),
            )
            .await
            .unwrap();
        let running = app.get("jobs?state=running").await["items"][0].clone();
        assert_eq!(running["replica"]["name"], "harbour:8000");
        assert_eq!(running["progress"], json!({"done": 3, "total": 9, "text": "the hull"}));
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_is_cancelled_and_run_again_where_that_makes_sense() {
    for database in databases().await {
        let app = App::new(&database).await;
        let id = app.enqueue_as("tug", Some("tug")).await.unwrap();
        let (cancel, again) = (format!("jobs/{id}/cancel"), format!("jobs/{id}/run-again"));
        let (status, code, detail) = app.refused(Method::POST, &again).await;
        assert_eq!((status, code.as_str()), (409, "job-not-ended"), "{detail}");
        assert_eq!(app.post(&cancel).await["state"], "cancelled");
        let (status, code, detail) = app.refused(Method::POST, &cancel).await;
        assert_eq!((status, code.as_str()), (409, "job-ended"));
        assert!(detail.contains("it is cancelled"), "{detail}");

        let other = app.enqueue_as("tug", Some("tug")).await.unwrap();
        let (status, code, _) = app.refused(Method::POST, &again).await;
        assert_eq!((status, code.as_str()), (409, "job-key-taken"));
        app.post(&format!("jobs/{other}/cancel")).await;
        assert_eq!(app.post(&again).await["state"], "waiting");

        app.database
            .execute(sql("UPDATE work_job SET state = 'done' WHERE id = $1").id(id))
            .await
            .unwrap();
        let (status, code, _) = app.refused(Method::POST, &again).await;
        assert_eq!((status, code.as_str()), (409, "job-done"));
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelling_a_running_job_asks_it_to_stop() {
    for database in databases().await {
        let app = App::new(&database).await;
        let id = app.enqueue("tug").await;
        app.database
            .execute(sql("UPDATE work_job SET state = 'running'"))
            .await
            .unwrap();
        let job = app.post(&format!("jobs/{id}/cancel")).await;
        assert_eq!(
            (&job["state"], &job["cancel_requested"]),
            (&json!("running"), &json!(true))
        );
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_is_not_there_is_not_found_whatever_is_asked_of_it() {
    for database in databases().await {
        let app = App::new(&database).await;
        let gone = "0190aaaa-0000-7000-8000-000000000000";
        for (method, path) in [
            (Method::GET, format!("jobs/{gone}")),
            (Method::POST, format!("jobs/{gone}/cancel")),
            (Method::POST, format!("jobs/{gone}/run-again")),
            (Method::GET, "jobs/mine".to_owned()),
        ] {
            let (status, code, detail) = app.refused(method, &path).await;
            assert_eq!((status, code.as_str()), (404, "not-found"), "{path}: {detail}");
        }
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queues_are_counted_by_state_with_their_oldest_waiting_job() {
    for database in databases().await {
        let app = App::new(&database).await;
        let empty = app.get("queues").await;
        assert_eq!(
            all(&empty, "queue"),
            [json!("dock")],
            "a queue is shown before its first job"
        );
        assert!(empty["items"][0]["oldest_waiting_at"].is_null());
        let first = app.enqueue("a").await;
        app.enqueue("b").await;
        let cancelled = app.enqueue("c").await;
        app.post(&format!("jobs/{cancelled}/cancel")).await;
        let queue = app.get("queues").await["items"][0].clone();
        assert_eq!(
            queue["jobs"],
            json!({"waiting": 2, "running": 0, "done": 0, "failed": 0, "cancelled": 1})
        );
        assert_eq!(
            queue["oldest_waiting_at"],
            app.get(&format!("jobs/{first}")).await["run_at"]
        );
        app.stop().await;
    }
}
