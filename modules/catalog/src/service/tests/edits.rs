//! What a person does to a service, and how it fares against later imports.

use super::*;

#[tokio::test]
async fn a_created_service_is_there_at_once_and_after_a_restart() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, _) = open(&database).await;
        let mut fleets = catalog.fleets();
        fleets.mark_seen();
        let created = catalog
            .create(
                &scope(),
                &Actor::Local,
                NewService {
                    tier: Some(Tier::High),
                    endpoints: Some(vec![Endpoint {
                        kind: EndpointKind::Health,
                        url: "http://data:8003/health".to_owned(),
                    }]),
                    ..new("data")
                },
            )
            .await
            .unwrap();
        assert_eq!((created.version, created.managed_by), (1, ManagedBy::Api));
        tokio::time::timeout(std::time::Duration::from_secs(1), fleets.changed())
            .await
            .unwrap();
        assert_eq!(catalog.service(&scope(), &name("data")).unwrap(), created);
        let again = open(&database).await.0;
        assert_eq!(again.service(&scope(), &name("data")).unwrap(), created);
    }
}

#[tokio::test]
async fn a_second_service_of_the_same_name_is_refused_and_elsewhere_it_is_another() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, _) = open(&database).await;
        catalog.create(&scope(), &Actor::Local, new("data")).await.unwrap();
        let error = catalog.create(&scope(), &Actor::Local, new("data")).await.unwrap_err();
        assert!(matches!(error, CatalogError::Exists { .. }), "{error}");
        let staging = Scope::of("staging".parse().unwrap());
        catalog.create(&staging, &Actor::Local, new("data")).await.unwrap();
        assert_eq!(catalog.fleets().get().len(), 2);
    }
}

#[tokio::test]
async fn a_wrong_service_is_refused_and_nothing_changes() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, _) = open(&database).await;
        let wrong = NewService {
            dependencies: Some(vec![Dependency {
                service: name("nobody"),
                kind: DependencyKind::Hard,
            }]),
            ..new("api")
        };
        let error = catalog.create(&scope(), &Actor::Local, wrong).await.unwrap_err();
        let CatalogError::Invalid(errors) = error else {
            panic!("{error}")
        };
        assert_eq!(errors[0].field, "dependencies[0].service");
        assert!(names(&catalog).is_empty());
        assert_eq!(catalog.inner.store.version(&scope()).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn an_edit_based_on_an_old_version_is_refused() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, clock) = open(&database).await;
        let first = catalog.create(&scope(), &Actor::Local, new("api")).await.unwrap();
        clock.advance(jiff::SignedDuration::from_secs(5));
        let mut edit = edit_of(&first);
        edit.owner = Some("platform".to_owned());
        let api = name("api");
        let second = catalog
            .replace(&scope(), &Actor::Local, &api, Some(1), edit.clone())
            .await
            .unwrap();
        assert_eq!((second.version, second.created_at), (2, first.created_at));
        assert!(second.updated_at > first.updated_at);
        edit.owner = Some("late".to_owned());
        let error = catalog
            .replace(&scope(), &Actor::Local, &api, Some(1), edit)
            .await
            .unwrap_err();
        assert!(matches!(error, CatalogError::Stale { .. }));
        let error = catalog
            .delete(&scope(), &Actor::Local, &api, Some(1))
            .await
            .unwrap_err();
        assert!(matches!(error, CatalogError::Stale { .. }));
        // An edit that changes nothing makes no new version.
        let same = catalog
            .replace(&scope(), &Actor::Local, &api, None, edit_of(&second))
            .await
            .unwrap();
        assert_eq!(same.version, 2);
    }
}

#[tokio::test]
async fn what_a_person_edited_survives_every_import_and_the_report_says_so() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, _) = open(&database).await;
        import(
            &catalog,
            vec![file("registry.json", &registry("1.0", "a", &["fks_api"]))],
        )
        .await;
        let api = name("fks-api");
        let mut edit = edit_of(&catalog.service(&scope(), &api).unwrap());
        edit.owner = Some("night watch".to_owned());
        catalog
            .replace(&scope(), &Actor::Local, &api, None, edit.clone())
            .await
            .unwrap();

        let report = import(
            &catalog,
            vec![file("registry.json", &registry("1.0", "b", &["fks_api"]))],
        )
        .await;
        let kept = change(&report, ChangeKind::Kept, "fks-api", Some("owner")).unwrap();
        assert_eq!(
            (&kept.before, &kept.after),
            (&Value::from("night watch"), &Value::from("b"))
        );
        assert_eq!(
            catalog.service(&scope(), &api).unwrap().owner.as_deref(),
            Some("night watch")
        );
        let facts = catalog.facts(&scope(), &api).await.unwrap();
        let owners: Vec<_> = facts.iter().filter(|fact| fact.field == "owner").collect();
        assert!(owners[0].wins && owners[0].source == Source::person());
        assert_eq!((owners[1].wins, &owners[1].value), (false, &Value::from("b")));

        // Said again as the file says it, the field is the file's again.
        edit.owner = Some("b".to_owned());
        catalog
            .replace(&scope(), &Actor::Local, &api, None, edit)
            .await
            .unwrap();
        import(
            &catalog,
            vec![file("registry.json", &registry("1.0", "c", &["fks_api"]))],
        )
        .await;
        assert_eq!(catalog.service(&scope(), &api).unwrap().owner.as_deref(), Some("c"));
    }
}

#[tokio::test]
async fn a_deleted_service_stays_away_until_a_person_creates_it_again() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, _) = open(&database).await;
        let files = vec![file("registry.json", &registry("1.0", "a", &["fks_api"]))];
        import(&catalog, files.clone()).await;
        let api = name("fks-api");
        catalog.delete(&scope(), &Actor::Local, &api, None).await.unwrap();
        assert!(names(&catalog).is_empty());
        let report = import(&catalog, files).await;
        assert!(
            change(&report, ChangeKind::Kept, "fks-api", Some("name")).is_some(),
            "{:?}",
            report.changes
        );
        assert!(names(&catalog).is_empty());
        let back = catalog.create(&scope(), &Actor::Local, new("fks-api")).await.unwrap();
        assert_eq!(back.owner.as_deref(), Some("a"), "what the files say is in force again");
    }
}

#[tokio::test]
async fn a_change_made_by_another_replica_is_followed() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (here, _) = open(&database).await;
        let (there, _) = open(&database).await;
        there.create(&scope(), &Actor::Local, new("api")).await.unwrap();
        assert!(names(&here).is_empty());
        assert!(here.follow().await.unwrap());
        assert_eq!(names(&here), ["api"]);
        assert!(!here.follow().await.unwrap());
    }
}

#[tokio::test]
async fn changes_made_at_the_same_time_happen_one_after_the_other() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, _) = open(&database).await;
        let tasks = mainstay_runtime::Tasks::new(catalog.inner.world.clone());
        for at in 0..10 {
            let catalog = catalog.clone();
            tasks.detached(async move {
                let service = new(&format!("service-{at}"));
                catalog.create(&scope(), &Actor::Local, service).await.unwrap();
                let content = registry("1.0", "a", &[&format!("fks_{at}")]);
                import(
                    &catalog,
                    vec![file(&format!("{at}/services.json"), &content.replace("1.0", ""))],
                )
                .await;
            });
        }
        assert!(tasks.stop_and_wait(Duration::from_mins(1)).await.is_empty());
        assert_eq!(names(&catalog).len(), 20);
        assert_eq!(catalog.fleet(&Environment::production()).version(), 20);
    }
}

#[tokio::test]
async fn browsers_hear_of_every_change() {
    let database = mainstay_testkit::sqlite(MIGRATIONS).await;
    let (world, _) = mainstay_testkit::world();
    let hub = EventHub::new();
    let catalog = Catalog::new(Database::clone(&database), world, hub.clone())
        .await
        .unwrap();
    let mut browser = hub.subscribe();
    catalog.create(&scope(), &Actor::Local, new("api")).await.unwrap();
    let event = browser.recv().await.unwrap();
    assert_eq!((event.topic, &*event.data), ("catalog", r#"{"version":1}"#));
}
