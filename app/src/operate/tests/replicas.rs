//! Replicas and leases.

use serde_json::json;

use super::{App, all, databases};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_is_shown_with_its_roles_and_what_it_holds() {
    for database in databases().await {
        let app = App::new(&database).await;
        app.start().await;
        let page = app.get("replicas").await;
        let replica = &page["items"][0];
        assert_eq!(page["items"].as_array().unwrap().len(), 1);
        assert_eq!(
            (&replica["name"], &replica["roles"]),
            (&json!("harbour:8000"), &json!(["api", "work"]))
        );
        assert_eq!(
            (&replica["version"], &replica["leases"], &replica["answers"]),
            (&json!("1.2.3"), &json!(1), &json!(true))
        );
        assert_eq!(
            replica["seen_at"].is_null(),
            !app.operate.leases.is_shared(),
            "on SQLite nobody beats"
        );

        let leases = app.get("leases").await;
        assert_eq!(all(&leases, "name"), [json!("reconcile/moorings"), json!("watch/00")]);
        assert_eq!(all(&leases, "role"), [json!("work"), json!("watch")]);
        assert_eq!(leases["items"][0]["holder"]["name"], "harbour:8000");
        assert_eq!(leases["items"][0]["holder"]["id"], replica["id"]);
        assert!(leases["items"][1]["holder"].is_null(), "it has not that role");
        app.stop().await;
    }
}
