//! Configured files, declarations for other modules, and many sources together.

use super::*;

const PAYMENTS: &str = "apiVersion: mainstay/v1\nkind: Service\nmetadata: {name: payments}\nspec: {owner: a}\n";

#[tokio::test]
async fn configured_files_are_imported_when_they_change_and_manage_their_services() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, _) = open(&database).await;
        let folder = tempfile::tempdir().unwrap();
        let paths = [folder.path().to_owned()];
        let payments_file = folder.path().join("payments.yaml").display().to_string();
        std::fs::write(folder.path().join("payments.yaml"), PAYMENTS).unwrap();
        std::fs::write(folder.path().join("registry.json"), registry("1.0", "a", &["fks_api"])).unwrap();
        let production = Environment::production();
        let told = catalog.import_paths(&production, &paths).await.unwrap();
        assert!(told.starts_with("2 files, 2 services: 2 changes"), "{told}");
        assert_eq!(
            catalog.import_paths(&production, &paths).await.unwrap(),
            "2 files, unchanged"
        );

        let payments = name("payments");
        let service = catalog.service(&scope(), &payments).unwrap();
        assert_eq!(service.managed_by, ManagedBy::File);
        let edit = edit_of(&service);
        let error = catalog
            .replace(&scope(), &Actor::Local, &payments, None, edit)
            .await
            .unwrap_err();
        assert!(
            matches!(&error, CatalogError::FileManaged { file, .. } if *file == payments_file),
            "{error}"
        );
        let error = catalog
            .delete(&scope(), &Actor::Local, &payments, None)
            .await
            .unwrap_err();
        assert!(matches!(error, CatalogError::FileManaged { .. }));
        let again = ImportRequest::of(vec![file(&payments_file, PAYMENTS)]);
        let error = catalog.import(&scope(), &Actor::Local, again).await.unwrap_err();
        assert!(matches!(error, CatalogError::FileManaged { .. }));
        // A registry is somebody else's file, and a person may know better.
        assert_eq!(
            catalog.service(&scope(), &name("fks-api")).unwrap().managed_by,
            ManagedBy::Import
        );

        std::fs::remove_file(folder.path().join("payments.yaml")).unwrap();
        catalog.import_paths(&production, &paths).await.unwrap();
        assert_eq!(names(&catalog), ["fks-api"]);
    }
}

#[tokio::test]
async fn the_catalog_makes_of_many_sources_what_their_analysis_says() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, _) = open(&database).await;
        let files = vec![
            file("old/registry.json", &registry("1.0", "z", &["fks_api", "fks_old"])),
            file("registry.json", &registry("1.1", "a", &["fks_api", "fks_web"])),
            file("payments.yaml", PAYMENTS),
            file(
                "compose.yml",
                "services:\n  fks_api:\n    image: api\n    depends_on: [db]\n  db:\n    image: postgres\n",
            ),
            file(
                "web/catalog-info.yaml",
                "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: fks-web, description: The shop}\n\
                 spec: {type: service, owner: group:default/web, lifecycle: production, dependsOn: ['component:db']}\n",
            ),
        ];
        import(&catalog, files.clone()).await;
        let analysis = crate::import::analyse(files, &crate::import::ImportOptions::default());
        assert_eq!(names(&catalog).len(), analysis.services.len());
        for spec in analysis.services {
            assert_eq!(catalog.service(&scope(), &spec.name).unwrap().spec(), spec);
        }
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_or_parsed_keeps_what_it_said() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, _) = open(&database).await;
        let folder = tempfile::tempdir().unwrap();
        let paths = [folder.path().to_owned()];
        let at = folder.path().join("payments.yaml");
        std::fs::write(&at, PAYMENTS).unwrap();
        let production = Environment::production();
        catalog.import_paths(&production, &paths).await.unwrap();
        for broken in [b"kind: [".to_vec(), vec![b'#'; 5 * 1024 * 1024]] {
            std::fs::write(&at, broken).unwrap();
            let told = catalog.import_paths(&production, &paths).await.unwrap();
            assert!(told.starts_with("1 files, 0 services: 0 changes"), "{told}");
            let service = catalog.service(&scope(), &name("payments")).unwrap();
            assert_eq!(service.managed_by, ManagedBy::File);
            assert_eq!(
                catalog.import_paths(&production, &paths).await.unwrap(),
                "1 files, unchanged"
            );
        }
        std::fs::remove_file(&at).unwrap();
        catalog.import_paths(&production, &paths).await.unwrap();
        assert!(names(&catalog).is_empty(), "a file that is gone is forgotten");
    }
}

#[tokio::test]
async fn folders_with_files_of_one_name_do_not_replace_each_other() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, _) = open(&database).await;
        let folder = tempfile::tempdir().unwrap();
        for service in ["one", "two"] {
            let repository = folder.path().join(service);
            std::fs::create_dir(&repository).unwrap();
            let compose = format!("services:\n  {service}:\n    image: x\n");
            std::fs::write(repository.join("docker-compose.yml"), compose).unwrap();
            let found = crate::import::read_paths(&[repository]).unwrap();
            catalog
                .import(&scope(), &Actor::Local, ImportRequest::of_found(found))
                .await
                .unwrap();
        }
        assert_eq!(names(&catalog), ["one", "two"]);
    }
}

#[tokio::test]
async fn a_preview_without_a_server_is_the_report_of_a_dry_run() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, _) = open(&database).await;
        catalog.add_validator(Arc::new(NoSlos));
        let slo = "apiVersion: mainstay/v1\nkind: Slo\nmetadata: {name: api-slo}\nspec: {service: api}\n";
        let left_out = vec![crate::import::LeftOut {
            path: "b/dump.sql".to_owned(),
            kind: crate::import::LeftOutKind::TooLarge,
            note: "it is larger than 4 MiB".to_owned(),
            line: None,
        }];
        let files = vec![
            file("registry.json", &registry("1.0", "a", &["api", "web"])),
            file("a/slo.yaml", slo),
            file("c/broken.yaml", "a: ["),
        ];
        let options = crate::import::ImportOptions {
            left_out: left_out.clone(),
            ..Default::default()
        };
        let request = ImportRequest {
            dry_run: true,
            left_out,
            ..ImportRequest::of(files.clone())
        };
        let answered = catalog.import(&scope(), &Actor::Local, request).await.unwrap();
        let validators: [Arc<dyn DeclarationValidator>; 1] = [Arc::new(NoSlos)];
        let shown = crate::preview(&files, &options, &validators, answered.id, answered.at);
        assert_eq!(shown, answered, "the catalog is empty");
        assert_eq!(shown.changes.len(), 2);
        let codes: Vec<&str> = shown.findings.iter().map(|finding| finding.code.as_str()).collect();
        assert_eq!(
            codes,
            ["invalid-declaration", "unreadable", "missing-slo"],
            "in the order of files"
        );
        assert!(shown.findings.iter().all(|finding| !finding.excerpt.is_empty()));
        let listed: Vec<&str> = shown.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(listed, ["a/slo.yaml", "b/dump.sql", "c/broken.yaml", "registry.json"]);
    }
}

struct NoSlos;

impl DeclarationValidator for NoSlos {
    fn kind(&self) -> &'static str {
        "slo"
    }

    fn validate(&self, declaration: &Declaration) -> Vec<String> {
        let refused = declaration.name.contains("api");
        refused.then(|| "it promises too much".to_owned()).into_iter().collect()
    }
}

/// Keeps every webhook, and says that its secret is missing.
struct NoSecrets;

impl DeclarationValidator for NoSecrets {
    fn kind(&self) -> &'static str {
        "webhook"
    }

    fn validate(&self, _: &Declaration) -> Vec<String> {
        Vec::new()
    }

    fn hindrances(&self, _: &Declaration) -> Vec<String> {
        vec!["its secret is missing".to_owned()]
    }
}

#[tokio::test]
async fn a_declaration_that_is_only_hindered_is_a_finding_and_is_kept() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, _) = open(&database).await;
        catalog.add_validator(Arc::new(NoSecrets));
        let hook =
            "apiVersion: mainstay/v1\nkind: Webhook\nmetadata: {name: pager}\nspec: {url: 'https://x.example'}\n";
        let report = import(&catalog, vec![file("hooks.yaml", hook)]).await;
        let said: Vec<_> = report
            .findings
            .iter()
            .map(|finding| (finding.code.as_str(), finding.message.as_str()))
            .collect();
        assert_eq!(
            said,
            [(
                "invalid-declaration",
                "The webhook `pager` cannot be used: its secret is missing"
            )]
        );
        assert_eq!(catalog.declarations("webhook").len(), 1);
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
        let refused: Vec<_> = report
            .findings
            .iter()
            .filter(|finding| finding.code == "invalid-declaration")
            .collect();
        assert!(!refused.is_empty(), "{:?}", report.findings);
        assert!(
            refused
                .iter()
                .all(|finding| finding.file == "slos.json" && !finding.excerpt.is_empty())
        );
        let kept = catalog.declarations("slo");
        assert!(
            !kept.is_empty() && kept.iter().all(|slo| !slo.name.contains("api")),
            "{kept:?}"
        );
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
async fn texts_that_a_database_cannot_hold_are_refused_or_cleaned() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, _) = open(&database).await;
        let nul = r#"{"version": "1\u0000", "services": {"api": {"name": "api", "owner": "a\u0000b", "port": 1}}}"#;
        let long = format!(
            "apiVersion: mainstay/v1\nkind: Webhook\nmetadata: {{name: {}}}\nspec: {{}}\n",
            "x".repeat(9000)
        );
        let report = import(&catalog, vec![file("registry.json", nul), file("hooks.yaml", &long)]).await;
        assert_eq!(
            catalog.service(&scope(), &name("api")).unwrap().owner.as_deref(),
            Some("ab")
        );
        assert!(
            report
                .findings
                .iter()
                .any(|finding| finding.code == "invalid-declaration"),
            "{:?}",
            report.findings
        );
        assert!(catalog.declarations("webhook").is_empty());
    }
}
