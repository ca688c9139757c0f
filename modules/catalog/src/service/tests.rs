//! The use cases on both databases: what a person edits, what imports bring, and who wins.

use mainstay_kernel::{Actor, ManualClock};
use mainstay_testkit::TestDatabase;
use serde_json::Value;

use super::*;
use crate::{
    import::InputFile,
    model::{Dependency, Endpoint, EndpointKind, ManagedBy, Tier},
    report::{Change, ChangeKind, Import},
    store::MIGRATIONS,
};

async fn open(database: &TestDatabase) -> (Catalog, std::sync::Arc<ManualClock>) {
    let (world, clock) = mainstay_testkit::world();
    let database = Database::clone(database);
    (Catalog::new(database, world, EventHub::new()).await.unwrap(), clock)
}

fn name(text: &str) -> ServiceName {
    ServiceName::parse(text).unwrap()
}

fn scope() -> Scope {
    Scope::default()
}

fn new(text: &str) -> NewService {
    NewService {
        name: name(text),
        description: None,
        owner: None,
        tier: None,
        links: None,
        endpoints: None,
        dependencies: None,
    }
}

fn edit_of(service: &Service) -> ServiceEdit {
    ServiceEdit {
        description: service.description.clone(),
        owner: service.owner.clone(),
        tier: service.tier,
        links: service.links.clone(),
        endpoints: service.endpoints.clone(),
        dependencies: service.dependencies.clone(),
    }
}

fn file(path: &str, content: &str) -> InputFile {
    InputFile {
        path: path.to_owned(),
        bytes: content.as_bytes().to_vec(),
    }
}

/// A registry in the shape of the platform's own, with an owner for `api`.
fn registry(version: &str, owner: &str, services: &[&str]) -> String {
    let entries: Vec<String> = services
        .iter()
        .zip(8001..)
        .map(|(service, port)| {
            let dependencies = if *service == "fks_web" { r#"["fks_api"]"# } else { "[]" };
            format!(
                r#""{service}": {{"name": "{service}", "port": {port}, "owner": "{owner}",
                   "base_url": "http://{service}:{port}", "health_url": "http://{service}:{port}/health",
                   "dependencies": {dependencies}}}"#
            )
        })
        .collect();
    format!(r#"{{"version": "{version}", "services": {{{}}}}}"#, entries.join(",\n"))
}

async fn import(catalog: &Catalog, files: Vec<InputFile>) -> Import {
    catalog.import(&scope(), &Actor::Local, ImportRequest::of(files)).await.unwrap()
}

fn names(catalog: &Catalog) -> Vec<String> {
    let fleet = catalog.fleet(&Environment::production());
    fleet.services().map(|service| service.name.to_string()).collect()
}

fn change<'report>(report: &'report Import, kind: ChangeKind, service: &str, field: Option<&str>) -> Option<&'report Change> {
    report.changes.iter().find(|change| {
        change.change == kind && change.service.as_str() == service && change.field.as_deref() == field
    })
}

#[tokio::test]
async fn a_created_service_is_there_at_once_and_after_a_restart() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, _) = open(&database).await;
        let mut fleets = catalog.fleets();
        fleets.mark_unchanged();
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
        assert!(fleets.has_changed().unwrap());
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
        assert_eq!(catalog.fleets().borrow().len(), 2);
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
        let CatalogError::Invalid(errors) = error else { panic!("{error}") };
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
        let second = catalog.replace(&scope(), &Actor::Local, &api, Some(1), edit.clone()).await.unwrap();
        assert_eq!((second.version, second.created_at), (2, first.created_at));
        assert!(second.updated_at > first.updated_at);
        edit.owner = Some("late".to_owned());
        let error = catalog.replace(&scope(), &Actor::Local, &api, Some(1), edit).await.unwrap_err();
        assert!(matches!(error, CatalogError::Stale { .. }));
        let error = catalog.delete(&scope(), &Actor::Local, &api, Some(1)).await.unwrap_err();
        assert!(matches!(error, CatalogError::Stale { .. }));
        // An edit that changes nothing makes no new version.
        let same = catalog.replace(&scope(), &Actor::Local, &api, None, edit_of(&second)).await.unwrap();
        assert_eq!(same.version, 2);
    }
}

#[tokio::test]
async fn an_import_brings_services_with_their_sources_and_a_second_one_changes_nothing() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, _) = open(&database).await;
        let files = vec![file("registry.json", &registry("1.0", "a", &["fks_api", "fks_web"]))];
        let report = import(&catalog, files.clone()).await;
        assert!(change(&report, ChangeKind::Added, "fks-api", None).is_some(), "{:?}", report.changes);
        assert_eq!(names(&catalog), ["fks-api", "fks-web"]);
        let api = catalog.service(&scope(), &name("fks-api")).unwrap();
        assert_eq!(api.managed_by, ManagedBy::Import);
        assert_eq!(api.source.as_ref().unwrap().file.as_deref(), Some("registry.json"));
        let edges = catalog.edges(&scope());
        assert_eq!((edges.len(), edges[0].to.as_str()), (1, "fks-api"));
        assert!(edges[0].source.as_ref().unwrap().line.is_some());

        let report = import(&catalog, files).await;
        assert!(report.changes.is_empty(), "{:?}", report.changes);
        assert_eq!(catalog.service(&scope(), &name("fks-api")).unwrap(), api, "not even the version");
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
        assert_eq!((page.items.as_slice(), page.next_cursor), (std::slice::from_ref(&shown), None));
        assert_eq!(catalog.import_report(&scope(), shown.id).await.unwrap(), shown);
    }
}

#[tokio::test]
async fn what_a_person_edited_survives_every_import_and_the_report_says_so() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, _) = open(&database).await;
        import(&catalog, vec![file("registry.json", &registry("1.0", "a", &["fks_api"]))]).await;
        let api = name("fks-api");
        let mut edit = edit_of(&catalog.service(&scope(), &api).unwrap());
        edit.owner = Some("night watch".to_owned());
        catalog.replace(&scope(), &Actor::Local, &api, None, edit.clone()).await.unwrap();

        let report = import(&catalog, vec![file("registry.json", &registry("1.0", "b", &["fks_api"]))]).await;
        let kept = change(&report, ChangeKind::Kept, "fks-api", Some("owner")).unwrap();
        assert_eq!((&kept.before, &kept.after), (&Value::from("night watch"), &Value::from("b")));
        assert_eq!(catalog.service(&scope(), &api).unwrap().owner.as_deref(), Some("night watch"));
        let facts = catalog.facts(&scope(), &api).await.unwrap();
        let owners: Vec<_> = facts.iter().filter(|fact| fact.field == "owner").collect();
        assert!(owners[0].wins && owners[0].source == Source::person());
        assert_eq!((owners[1].wins, &owners[1].value), (false, &Value::from("b")));

        // Said again as the file says it, the field is the file's again.
        edit.owner = Some("b".to_owned());
        catalog.replace(&scope(), &Actor::Local, &api, None, edit).await.unwrap();
        import(&catalog, vec![file("registry.json", &registry("1.0", "c", &["fks_api"]))]).await;
        assert_eq!(catalog.service(&scope(), &api).unwrap().owner.as_deref(), Some("c"));
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
        catalog.replace(&scope(), &Actor::Local, &data, None, edit).await.unwrap();

        let report = import(&catalog, vec![file("registry.json", &registry("1.0", "a", &["fks_api"]))]).await;
        assert!(change(&report, ChangeKind::Removed, "fks-web", None).is_some());
        assert!(change(&report, ChangeKind::Removed, "fks-data", None).is_none());
        assert!(change(&report, ChangeKind::Kept, "fks-data", Some("name")).is_some(), "{:?}", report.changes);
        assert_eq!(names(&catalog), ["fks-api", "fks-data"]);
        assert_eq!(catalog.service(&scope(), &data).unwrap().owner.as_deref(), Some("me"));
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
        assert!(change(&report, ChangeKind::Kept, "fks-api", Some("name")).is_some(), "{:?}", report.changes);
        assert!(names(&catalog).is_empty());
        let back = catalog.create(&scope(), &Actor::Local, new("fks-api")).await.unwrap();
        assert_eq!(back.owner.as_deref(), Some("a"), "what the files say is in force again");
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
        assert!(change(&report, ChangeKind::Removed, "fks-analyze", None).is_some(), "{:?}", report.changes);
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
async fn an_alias_merges_two_names_now_and_in_later_imports() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, _) = open(&database).await;
        let compose = "services:\n  web-ui:\n    image: web\n    ports: ['3001:3001']\n";
        let files = vec![
            file("registry.json", &registry("1.0", "a", &["fks_api", "fks_web"])),
            file("compose.yml", compose),
        ];
        import(&catalog, files).await;
        assert_eq!(names(&catalog), ["fks-api", "fks-web", "web-ui"]);
        let request = ImportRequest {
            aliases: BTreeMap::from([("web_ui".to_owned(), Some("fks_web".to_owned()))]),
            ..ImportRequest::of(Vec::new())
        };
        let report = catalog.import(&scope(), &Actor::Local, request).await.unwrap();
        assert!(change(&report, ChangeKind::Removed, "web-ui", None).is_some(), "{:?}", report.changes);
        assert_eq!(names(&catalog), ["fks-api", "fks-web"]);
        import(&catalog, vec![file("compose.yml", compose)]).await;
        assert_eq!(names(&catalog), ["fks-api", "fks-web"], "the alias is remembered");
    }
}

#[tokio::test]
async fn a_file_under_version_control_is_edited_nowhere_else() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, _) = open(&database).await;
        let files = vec![file("registry.json", &registry("1.0", "a", &["fks_api"]))];
        let request = ImportRequest {
            managed_by: ManagedBy::File,
            replace: true,
            ..ImportRequest::of(files.clone())
        };
        let actor = Actor::File { path: "registry.json".to_owned() };
        catalog.import(&scope(), &actor, request).await.unwrap();
        let api = name("fks-api");
        let service = catalog.service(&scope(), &api).unwrap();
        assert_eq!(service.managed_by, ManagedBy::File);
        let error = catalog.replace(&scope(), &Actor::Local, &api, None, edit_of(&service)).await.unwrap_err();
        assert!(matches!(&error, CatalogError::FileManaged { file, .. } if file == "registry.json"), "{error}");
        let error = catalog.delete(&scope(), &Actor::Local, &api, None).await.unwrap_err();
        assert!(matches!(error, CatalogError::FileManaged { .. }));
        let error = catalog.import(&scope(), &Actor::Local, ImportRequest::of(files)).await.unwrap_err();
        assert!(matches!(error, CatalogError::FileManaged { .. }));
    }
}

#[tokio::test]
async fn a_wrong_request_changes_nothing_and_names_each_field() {
    let database = mainstay_testkit::sqlite(MIGRATIONS).await;
    let (catalog, _) = open(&database).await;
    let request = ImportRequest {
        aliases: BTreeMap::from([("a b".to_owned(), None), ("x".to_owned(), Some("X".to_owned()))]),
        ..ImportRequest::of(vec![file("", ""), file("a", ""), file("a", "")])
    };
    let error = catalog.import(&scope(), &Actor::Local, request).await.unwrap_err();
    let CatalogError::Invalid(errors) = error else { panic!("{error}") };
    let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, ["files[0].path", "files[2].path", "aliases.a b", "aliases.x"]);
    assert!(catalog.imports(&scope(), &PageRequest::first(10)).await.unwrap().items.is_empty());
}

struct NoSlos;

impl DeclarationValidator for NoSlos {
    fn kind(&self) -> &str {
        "slo"
    }

    fn validate(&self, declaration: &Declaration) -> Vec<String> {
        let refused = declaration.name.contains("api");
        refused.then(|| "it promises too much".to_owned()).into_iter().collect()
    }
}

#[tokio::test]
async fn a_declaration_that_its_module_refuses_is_a_finding_and_is_not_kept() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, _) = open(&database).await;
        catalog.add_validator(Arc::new(NoSlos));
        let slos = r#"{"services": {
            "fks_api": {"availability": 99.9, "latency_p95": 200, "error_rate": 0.1, "throughput": 100, "error_budget": 0.1},
            "fks_web": {"availability": 99.5, "latency_p95": 400, "error_rate": 0.5, "throughput": 100, "error_budget": 0.5}}}"#;
        let files = vec![
            file("registry.json", &registry("1.0", "a", &["fks_api", "fks_web"])),
            file("slos.json", slos),
        ];
        let report = import(&catalog, files).await;
        let refused: Vec<_> = report.findings.iter().filter(|finding| finding.code == "invalid-declaration").collect();
        assert!(!refused.is_empty(), "{:?}", report.findings);
        assert!(refused.iter().all(|finding| finding.file == "slos.json" && !finding.excerpt.is_empty()));
        let kept = catalog.declarations("slo");
        assert!(!kept.is_empty() && kept.iter().all(|slo| !slo.name.contains("api")), "{kept:?}");
        assert_eq!(open(&database).await.0.declarations("slo"), kept);

        let accept = refused.iter().map(|finding| finding.id.clone()).collect();
        let request = ImportRequest {
            accept,
            ..ImportRequest::of(Vec::new())
        };
        catalog.import(&scope(), &Actor::Local, request).await.unwrap();
        let report = import(&catalog, vec![file("slos.json", slos)]).await;
        assert_eq!(report.summary.errors, 0, "accepted once, accepted in later imports");
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
