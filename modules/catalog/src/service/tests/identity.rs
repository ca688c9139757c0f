//! When two paths are one file, and when one path is two files.

use super::*;
use crate::report::ImportFinding;

fn compose(services: &[&str]) -> String {
    let entries: Vec<String> = services
        .iter()
        .map(|name| format!("  {name}: {{image: x}}\n"))
        .collect();
    format!("services:\n{}", entries.concat())
}

fn formerly(path: &str, former: &str, content: &str) -> ImportRequest {
    ImportRequest {
        formerly: BTreeMap::from([(path.to_owned(), vec![former.to_owned()])]),
        ..ImportRequest::of(vec![file(path, content)])
    }
}

fn replaced(report: &Import) -> Vec<&ImportFinding> {
    let found = report.findings.iter().filter(|finding| finding.code == "replaced-file");
    found.collect()
}

#[tokio::test]
async fn a_file_that_got_another_name_replaces_what_it_said_under_its_former_one() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, _) = open(&database).await;
        import(&catalog, vec![file("compose.yml", &compose(&["api", "web", "db"]))]).await;
        let request = formerly("acme/shop/compose.yml", "compose.yml", &compose(&["api", "web"]));
        let report = catalog.import(&scope(), &Actor::Local, request.clone()).await.unwrap();
        assert!(
            change(&report, ChangeKind::Removed, "db", None).is_some(),
            "{:?}",
            report.changes
        );
        assert_eq!(names(&catalog), ["api", "web"]);
        let files = catalog
            .inner
            .store
            .files_managed_by(&scope(), ManagedBy::Import)
            .await
            .unwrap();
        let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["acme/shop/compose.yml"]);
        let again = catalog.import(&scope(), &Actor::Local, request).await.unwrap();
        assert!(again.changes.is_empty() && replaced(&again).is_empty());
    }
}

#[tokio::test]
async fn a_former_name_under_which_another_file_is_known_is_left_alone() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, _) = open(&database).await;
        import(
            &catalog,
            vec![file("compose.yml", &compose(&["ledger", "teller", "db"]))],
        )
        .await;
        let request = formerly("acme/shop/compose.yml", "compose.yml", &compose(&["api", "web", "db"]));
        catalog.import(&scope(), &Actor::Local, request).await.unwrap();
        assert_eq!(names(&catalog), ["api", "db", "ledger", "teller", "web"]);
    }
}

#[tokio::test]
async fn two_files_under_one_path_are_told_about_before_one_replaces_the_other() {
    let database = mainstay_testkit::sqlite(MIGRATIONS).await;
    let (catalog, _) = open(&database).await;
    import(&catalog, vec![file("compose.yml", &compose(&["api", "web"]))]).await;
    let other = ImportRequest {
        dry_run: true,
        ..ImportRequest::of(vec![file("compose.yml", &compose(&["ledger", "teller"]))])
    };
    let preview = catalog.import(&scope(), &Actor::Local, other).await.unwrap();
    let [finding] = replaced(&preview)[..] else {
        panic!("{:#?}", preview.findings)
    };
    assert_eq!(
        (finding.file.as_str(), finding.severity.as_str()),
        ("compose.yml", "warning")
    );
    assert!(
        finding
            .message
            .contains("was about api, web; now it is about ledger, teller"),
        "{}",
        finding.message
    );
    assert_eq!(preview.summary.warnings, 1);
    for (before, now) in [(&["api", "web"][..], &["api", "shop"][..]), (&["api"], &["api-v2"])] {
        import(&catalog, vec![file("other.yml", &compose(before))]).await;
        let report = import(&catalog, vec![file("other.yml", &compose(now))]).await;
        assert!(replaced(&report).is_empty(), "{before:?} {now:?}");
        import(&catalog, vec![file("other.yml", "services: {}")]).await;
    }
}

#[tokio::test]
async fn a_configured_file_is_not_imported_a_second_time_under_another_name() {
    let database = mainstay_testkit::sqlite(MIGRATIONS).await;
    let (catalog, _) = open(&database).await;
    let service = "apiVersion: mainstay/v1\nkind: Service\nmetadata: {name: api}\n";
    let configured = ImportRequest {
        managed_by: ManagedBy::File,
        ..ImportRequest::of(vec![file("fleet.yaml", service)])
    };
    catalog.import(&scope(), &Actor::Local, configured).await.unwrap();
    let request = formerly("acme/shop/fleet.yaml", "fleet.yaml", service);
    let error = catalog.import(&scope(), &Actor::Local, request).await.unwrap_err();
    assert!(matches!(error, CatalogError::FileManaged { .. }), "{error}");
}
