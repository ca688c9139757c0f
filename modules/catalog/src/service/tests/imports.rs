//! What imports bring, replace and take away.

use super::*;

#[tokio::test]
async fn an_import_brings_services_with_their_sources_and_a_second_one_changes_nothing() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, _) = open(&database).await;
        let files = vec![file("registry.json", &registry("1.0", "a", &["fks_api", "fks_web"]))];
        let report = import(&catalog, files.clone()).await;
        assert!(
            change(&report, ChangeKind::Added, "fks-api", None).is_some(),
            "{:?}",
            report.changes
        );
        assert_eq!(names(&catalog), ["fks-api", "fks-web"]);
        let api = catalog.service(&scope(), &name("fks-api")).unwrap();
        assert_eq!(api.managed_by, ManagedBy::Import);
        assert_eq!(api.source.as_ref().unwrap().file.as_deref(), Some("registry.json"));
        let edges = catalog.edges(&scope());
        assert_eq!((edges.len(), edges[0].to.as_str()), (1, "fks-api"));
        assert!(edges[0].source.as_ref().unwrap().line.is_some());

        let report = import(&catalog, files).await;
        assert!(report.changes.is_empty(), "{:?}", report.changes);
        assert_eq!(
            catalog.service(&scope(), &name("fks-api")).unwrap(),
            api,
            "not even the version"
        );
    }
}

#[tokio::test]
async fn a_dry_run_shows_the_same_changes_and_makes_none() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, clock) = open(&database).await;
        let files = vec![file("registry.json", &registry("1.0", "a", &["fks_api"]))];
        let dry = ImportRequest {
            dry_run: true,
            aliases: BTreeMap::from([("x".to_owned(), Some("fks_api".to_owned()))]),
            ..ImportRequest::of(files.clone())
        };
        let shown = catalog.import(&scope(), &Actor::Local, dry).await.unwrap();
        assert!(names(&catalog).is_empty());
        assert!(catalog.inner.store.aliases(&scope()).await.unwrap().is_empty());
        clock.advance(jiff::SignedDuration::from_secs(1));
        let made = import(&catalog, files).await;
        assert_eq!(shown.changes, made.changes);

        let page = catalog.imports(&scope(), &PageRequest::first(1)).await.unwrap();
        assert_eq!(page.items, std::slice::from_ref(&made));
        let next = PageRequest {
            limit: 1,
            cursor: Some(Cursor::decode(&page.next_cursor.unwrap()).unwrap()),
        };
        let page = catalog.imports(&scope(), &next).await.unwrap();
        assert_eq!(
            (page.items.as_slice(), page.next_cursor),
            (std::slice::from_ref(&shown), None)
        );
        assert_eq!(catalog.import_report(&scope(), shown.id).await.unwrap(), shown);
    }
}

#[tokio::test]
async fn a_service_that_left_the_files_is_removed_unless_a_person_edited_it() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, _) = open(&database).await;
        let all = ["fks_api", "fks_data", "fks_web"];
        import(&catalog, vec![file("registry.json", &registry("1.0", "a", &all))]).await;
        let data = name("fks-data");
        let mut edit = edit_of(&catalog.service(&scope(), &data).unwrap());
        edit.owner = Some("me".to_owned());
        catalog
            .replace(&scope(), &Actor::Local, &data, None, edit)
            .await
            .unwrap();

        let report = import(
            &catalog,
            vec![file("registry.json", &registry("1.0", "a", &["fks_api"]))],
        )
        .await;
        assert!(change(&report, ChangeKind::Removed, "fks-web", None).is_some());
        assert!(change(&report, ChangeKind::Removed, "fks-data", None).is_none());
        assert!(
            change(&report, ChangeKind::Kept, "fks-data", Some("name")).is_some(),
            "{:?}",
            report.changes
        );
        assert_eq!(names(&catalog), ["fks-api", "fks-data"]);
        assert_eq!(catalog.service(&scope(), &data).unwrap().owner.as_deref(), Some("me"));
    }
}

#[tokio::test]
async fn a_newer_registry_replaces_an_older_one_of_an_earlier_import() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, _) = open(&database).await;
        let old = registry("1.9", "old", &["fks_api", "fks_analyze"]);
        let new = registry("1.10", "new", &["fks_api"]);
        import(&catalog, vec![file("old/service_registry.json", &old)]).await;
        let report = import(&catalog, vec![file("new/service_registry.json", &new)]).await;
        assert!(
            change(&report, ChangeKind::Removed, "fks-analyze", None).is_some(),
            "{:?}",
            report.changes
        );
        assert_eq!(names(&catalog), ["fks-api"]);
        let facts = catalog.facts(&scope(), &name("fks-api")).await.unwrap();
        assert!(facts.iter().any(|fact| fact.superseded && fact.value == "old"));

        // Without the newer one the older one is in force again.
        let request = ImportRequest {
            replace: true,
            ..ImportRequest::of(vec![file("old/service_registry.json", &old)])
        };
        catalog.import(&scope(), &Actor::Local, request).await.unwrap();
        assert_eq!(names(&catalog), ["fks-analyze", "fks-api"]);
    }
}

#[tokio::test]
async fn a_registry_of_another_repository_replaces_none_of_the_same_name() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, _) = open(&database).await;
        let shop = registry("1.0", "a", &["fks_api", "fks_web"]);
        let bank = registry("7.0", "b", &["ledger", "teller", "vault"]);
        import(&catalog, vec![file("shop/service_registry.json", &shop)]).await;
        let report = import(&catalog, vec![file("bank/service_registry.json", &bank)]).await;
        assert!(report.changes.iter().all(|change| change.change == ChangeKind::Added));
        assert_eq!(names(&catalog), ["fks-api", "fks-web", "ledger", "teller", "vault"]);
        let newer = registry("1.1", "a", &["fks_api", "fks_web", "fks_data"]);
        import(&catalog, vec![file("shop-next/service_registry.json", &newer)]).await;
        let facts = catalog.facts(&scope(), &name("fks-api")).await.unwrap();
        assert!(
            facts
                .iter()
                .any(|fact| fact.superseded && fact.source.version.as_deref() == Some("1.0"))
        );
        assert!(!catalog.facts(&scope(), &name("vault")).await.unwrap()[0].superseded);
    }
}

#[tokio::test]
async fn an_alias_merges_two_names_now_and_in_later_imports() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, _) = open(&database).await;
        let compose = "services:\n  web-ui:\n    image: web\n    ports: ['3001:3001']\n  shop:\n    image: shop\n    depends_on: [web-ui]\n";
        let files = vec![
            file("registry.json", &registry("1.0", "a", &["fks_api", "fks_web"])),
            file("compose.yml", compose),
        ];
        import(&catalog, files).await;
        assert_eq!(names(&catalog), ["fks-api", "fks-web", "shop", "web-ui"]);
        let request = ImportRequest {
            aliases: BTreeMap::from([("web_ui".to_owned(), Some("fks_web".to_owned()))]),
            ..ImportRequest::of(Vec::new())
        };
        let report = catalog.import(&scope(), &Actor::Local, request).await.unwrap();
        assert!(
            change(&report, ChangeKind::Removed, "web-ui", None).is_some(),
            "{:?}",
            report.changes
        );
        assert_eq!(names(&catalog), ["fks-api", "fks-web", "shop"]);
        let shop = |catalog: &Catalog| catalog.service(&scope(), &name("shop")).unwrap();
        assert_eq!(shop(&catalog).dependencies[0].service, name("fks-web"));
        assert_eq!(shop(&open(&database).await.0).dependencies, shop(&catalog).dependencies);
        let report = import(&catalog, vec![file("compose.yml", compose)]).await;
        assert!(
            report.changes.is_empty(),
            "the alias is remembered: {:?}",
            report.changes
        );
    }
}

const SLO: &str =
    "apiVersion: mainstay/v1\nkind: Slo\nmetadata: {name: web-slo}\nspec: {service: fks_web, objective: 99}\n";

fn undefined(report: &Import) -> Vec<(&str, &str)> {
    let found = report
        .findings
        .iter()
        .filter(|finding| finding.code == "undefined-service");
    found
        .map(|finding| (finding.file.as_str(), finding.severity.as_str()))
        .collect()
}

#[tokio::test]
async fn an_slo_for_a_service_that_neither_the_files_nor_the_catalog_know_is_an_error() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, _) = open(&database).await;
        let alone = import(&catalog, vec![file("slo.yaml", SLO)]).await;
        assert_eq!(undefined(&alone), [("slo.yaml", "error")]);
        assert_eq!(catalog.declarations("slo").len(), 1, "the service may come later");

        // The service comes with the same import, and with an earlier one.
        let both = vec![
            file("slo.yaml", SLO),
            file("registry.json", &registry("1.0", "a", &["fks_web", "fks_api"])),
        ];
        assert!(undefined(&import(&catalog, both).await).is_empty());
        assert!(undefined(&import(&catalog, vec![file("slo.yaml", SLO)]).await).is_empty());

        // An import that takes the service away leaves its SLO without one.
        let gone = vec![
            file("slo.yaml", SLO),
            file("registry.json", &registry("1.1", "a", &["fks_api"])),
        ];
        assert_eq!(undefined(&import(&catalog, gone).await), [("slo.yaml", "error")]);
    }
}

#[tokio::test]
async fn an_alias_for_an_unknown_service_is_told_about_when_it_is_made_and_not_again() {
    let database = mainstay_testkit::sqlite(MIGRATIONS).await;
    let (catalog, _) = open(&database).await;
    let files = vec![file("registry.json", &registry("1.0", "a", &["fks_web", "fks_api"]))];
    import(&catalog, files.clone()).await;
    let alias = |to: &str| ImportRequest {
        aliases: BTreeMap::from([("web-ui".to_owned(), Some(to.to_owned()))]),
        ..ImportRequest::of(Vec::new())
    };
    let wrong = catalog.import(&scope(), &Actor::Local, alias("fks_wbe")).await.unwrap();
    assert_eq!(undefined(&wrong), [("aliases", "warning")]);
    assert!(wrong.findings[0].message.contains("Did you mean `fks-web`?"));
    assert!(undefined(&import(&catalog, files).await).is_empty());
    let right = catalog.import(&scope(), &Actor::Local, alias("fks_web")).await.unwrap();
    assert!(undefined(&right).is_empty());
}

#[tokio::test]
async fn a_wrong_request_changes_nothing_and_names_each_field() {
    let database = mainstay_testkit::sqlite(MIGRATIONS).await;
    let (catalog, _) = open(&database).await;
    let request = ImportRequest {
        aliases: BTreeMap::from([("a b".to_owned(), None), ("x".to_owned(), Some("X".to_owned()))]),
        formerly: BTreeMap::from([("a".to_owned(), vec![" ".to_owned()])]),
        ..ImportRequest::of(vec![file("", ""), file("a", ""), file("b", ""), file("b", "")])
    };
    let error = catalog.import(&scope(), &Actor::Local, request).await.unwrap_err();
    let CatalogError::Invalid(errors) = error else {
        panic!("{error}")
    };
    let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "files[0].path",
            "files[3].path",
            "files[1].formerly",
            "aliases.a b",
            "aliases.x"
        ]
    );
    assert!(
        catalog
            .imports(&scope(), &PageRequest::first(10))
            .await
            .unwrap()
            .items
            .is_empty()
    );
}

#[tokio::test]
async fn ten_thousand_services_are_imported_paged_and_imported_again() {
    let database = mainstay_testkit::sqlite(MIGRATIONS).await;
    let (catalog, _) = open(&database).await;
    let services: Vec<String> = (0..10_000).map(|at| format!("svc_{at}")).collect();
    let services: Vec<&str> = services.iter().map(String::as_str).collect();
    let content = registry("1.0", "a", &services).replace(":18", ":8");
    import(&catalog, vec![file("registry.json", &content)]).await;
    let mut seen = 0;
    let mut page = PageRequest::first(1000);
    loop {
        let answer = catalog.services(&scope(), &page).unwrap();
        seen += answer.items.len();
        let Some(cursor) = answer.next_cursor else { break };
        page.cursor = Some(Cursor::decode(&cursor).unwrap());
    }
    assert_eq!(seen, 10_000);
    let report = import(&catalog, vec![file("registry.json", &content)]).await;
    assert!(report.changes.is_empty());
}
