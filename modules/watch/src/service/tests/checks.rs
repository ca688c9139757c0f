//! Where checks come from, and what a person may do to them.

use super::*;

#[tokio::test]
async fn checks_follow_the_catalog_and_keep_what_a_person_changed() {
    for db in databases(MIGRATIONS).await {
        let catalog = TestCatalog::of(vec![service("api", 1, &[])]);
        let watch = open(&db, &catalog).await;
        watch.reconcile().await.unwrap();
        let made = check_named(&watch, "api", "health").unwrap();
        assert_eq!((made.check.managed_by, made.check.version), (CheckManager::Catalog, 1));

        let edit = json!({"target": made.spec.target, "interval_ms": 30_000, "role": "health"});
        watch
            .replace_check(made.check.id, IfMatch(Some(1)), draft(edit.clone()))
            .await
            .unwrap();
        let stale = watch.replace_check(made.check.id, IfMatch(Some(1)), draft(edit)).await;
        assert!(matches!(stale, Err(WatchError::Stale)));
        catalog.set(vec![service("api", 2, &[])]);
        watch.reconcile().await.unwrap();
        let moved = check_named(&watch, "api", "health").unwrap();
        assert_eq!(moved.spec.target, "http://127.0.0.1:2/health", "the endpoint moved");
        assert_eq!(moved.spec.interval_ms, 30_000, "a person's edit stays");
        assert_eq!(moved.check.edited, ["interval_ms"]);

        let refused = watch.delete_check(made.check.id, IfMatch(None)).await;
        assert!(matches!(refused, Err(WatchError::Generated { .. })));
        catalog.set(vec![]);
        watch.reconcile().await.unwrap();
        assert!(check_named(&watch, "api", "health").is_none());
        catalog.set(vec![service("api", 2, &[])]);
        watch.reconcile().await.unwrap();
        let back = check_named(&watch, "api", "health").unwrap();
        assert_eq!(
            (back.check.id, back.spec.interval_ms),
            (made.check.id, 30_000),
            "it comes back with its history"
        );
        let version = back.check.version;
        watch.reconcile().await.unwrap();
        assert_eq!(
            check_named(&watch, "api", "health").unwrap().check.version,
            version,
            "a second look changes nothing"
        );
    }
}

#[tokio::test]
async fn checks_declared_in_files_are_read_only_here_and_go_with_their_file() {
    let db = sqlite(MIGRATIONS).await;
    let catalog = TestCatalog::of(vec![service("api", 1, &[])]);
    let watch = open(&db, &catalog).await;
    let declaration = |name: &str, body: serde_json::Value| Declaration {
        kind: "check".to_owned(),
        name: name.to_owned(),
        environment: Environment::production(),
        body,
        source: Source::file(SourceKind::Mainstay, "checks.yaml", Some(3)),
    };
    let good = declaration(
        "checkout",
        json!({"name": "checkout", "service": "api", "target": "tcp://127.0.0.1:1", "paused": true}),
    );
    let bad = declaration(
        "odd",
        json!({"service": "api", "target": "http://a/", "interval_ms": 3, "asserts": []}),
    );
    let validator = watch.declaration_validator();
    assert_eq!(validator.validate(&good), [] as [String; 0]);
    assert!(validator.validate(&bad)[0].contains("asserts"));
    catalog.declare(vec![good, bad]);
    watch.reconcile().await.unwrap();
    let made = check_named(&watch, "api", "checkout").unwrap();
    assert_eq!(
        (made.check.managed_by, made.word),
        (CheckManager::File, CheckStateWord::Paused)
    );
    let edit = watch
        .replace_check(made.check.id, IfMatch(None), draft(json!({"target": "a:1"})))
        .await;
    assert!(matches!(edit, Err(WatchError::FileManaged { .. })));
    catalog.declare(Vec::new());
    watch.reconcile().await.unwrap();
    assert!(check_named(&watch, "api", "checkout").is_none());
}

#[tokio::test]
async fn a_person_makes_runs_pauses_and_deletes_a_check() {
    let db: TestDatabase = sqlite(MIGRATIONS).await;
    let tasks = Tasks::new(World::system());
    let target = Target::start(&tasks).await;
    let catalog = TestCatalog::of(vec![service("api", target.port, &[])]);
    let watch = open(&db, &catalog).await;
    let scope = Scope::default();
    let url = format!("http://127.0.0.1:{}/", target.port);
    let body = json!({"name": "home", "service": "api", "target": url, "interval_ms": 60_000,
        "assertions": [{"on": "body", "contains": "healthy"}]});
    let made = watch.create_check(&scope, draft(body.clone())).await.unwrap();
    assert!(matches!(
        watch.create_check(&scope, draft(body)).await,
        Err(WatchError::Exists { .. })
    ));
    let wrong = watch
        .create_check(&scope, draft(json!({"service": "nobody", "target": "x"})))
        .await;
    let Err(WatchError::Invalid(fields)) = wrong else {
        panic!("{wrong:?}")
    };
    assert_eq!(
        fields.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(),
        ["service", "name", "target"]
    );

    watch.start(&tasks).await.unwrap();
    let id = made.check.id;
    assert!(watch.run_check(id).await.unwrap().ok());
    target.set(false);
    let environment = Environment::production();
    let asked = World::system().now();
    watch.kick(&environment, &name("api"));
    until("fresh probes failed", || {
        watch.last_probe_started_after(&environment, &name("api"), asked) == Some(false)
    })
    .await;

    let paused = watch.pause_check(id, IfMatch(None), true).await.unwrap();
    assert_eq!(paused.word, CheckStateWord::Paused);
    assert!(
        !watch.run_check(id).await.unwrap().ok(),
        "a paused check can still be tried out"
    );
    watch.pause_check(id, IfMatch(None), false).await.unwrap();
    watch.delete_check(id, IfMatch(None)).await.unwrap();
    assert!(matches!(watch.check(id), Err(WatchError::NoCheck(_))));
    stop(tasks).await;
}

#[test]
fn a_service_without_a_health_endpoint_is_at_least_connected_to() {
    let mut database = service("db", 1, &[]);
    database.endpoints = vec![Endpoint {
        kind: EndpointKind::Base,
        url: "tcp://db.internal:5432".to_owned(),
    }];
    let catalog = TestCatalog::of(vec![database]);
    let fleets = catalog.fleets().get();
    let wanted = crate::generate::wanted(&fleets, &[], &Defaults::default());
    assert_eq!(wanted.len(), 1);
    assert_eq!(
        (wanted[0].name.as_str(), wanted[0].spec.target.as_str()),
        ("port", "db.internal:5432")
    );
}
