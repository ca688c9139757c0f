//! What an import says about declarations, and when it answers.

use super::*;

fn slo(name: &str, service: &str, objective: &str) -> String {
    format!(
        "apiVersion: mainstay/v1\nkind: Slo\nmetadata: {{name: {name}}}\nspec: {{service: {service}, objective: {objective}}}\n---\n"
    )
}

fn told(report: &Import) -> Vec<(ChangeKind, &str, &str)> {
    let all = report.declarations.iter();
    all.map(|change| (change.change, change.kind.as_str(), change.name.as_str()))
        .collect()
}

#[tokio::test]
async fn a_report_lists_what_was_declared_changed_and_taken_away() {
    use ChangeKind::{Added, Changed, Removed};
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, _) = open(&database).await;
        let hook =
            "apiVersion: mainstay/v1\nkind: Webhook\nmetadata: {name: chat}\nspec: {url: 'https://chat.example/'}\n";
        let first = format!("{}{}{hook}", slo("a", "web", "99"), slo("b", "web", "99"));
        let report = import(&catalog, vec![file("m.yaml", &first)]).await;
        assert_eq!(
            told(&report),
            [(Added, "slo", "a"), (Added, "slo", "b"), (Added, "webhook", "chat")]
        );
        let added = &report.declarations[1];
        assert_eq!(
            (added.service.as_deref(), added.file.as_deref(), added.line),
            (Some("web"), Some("m.yaml"), Some(8))
        );
        let stored = catalog.import_report(&scope(), report.id).await.unwrap();
        assert_eq!((stored.applied, stored == report), (Some(true), true));

        let second = format!("{}{hook}", slo("b", "web", "99.9"));
        let dry = ImportRequest {
            dry_run: true,
            ..ImportRequest::of(vec![file("m.yaml", &second)])
        };
        let dry = catalog.import(&scope(), &Actor::Local, dry).await.unwrap();
        let made = import(&catalog, vec![file("m.yaml", &second)]).await;
        assert_eq!(told(&made), [(Changed, "slo", "b"), (Removed, "slo", "a")]);
        assert_eq!((&dry.declarations, dry.applied), (&made.declarations, None));
        let moved = format!("# moved\n{second}");
        assert!(
            told(&import(&catalog, vec![file("m.yaml", &moved)]).await).is_empty(),
            "its place does not matter"
        );
    }
}

#[tokio::test]
async fn a_declaration_in_another_file_takes_the_place_of_one_that_went() {
    let database = mainstay_testkit::sqlite(MIGRATIONS).await;
    let (catalog, _) = open(&database).await;
    import(&catalog, vec![file("a.yaml", &slo("x", "web", "99"))]).await;
    let same = import(&catalog, vec![file("b.yaml", &slo("x", "web", "99"))]).await;
    assert!(told(&same).is_empty());
    let other = import(&catalog, vec![file("b.yaml", &slo("x", "web", "98"))]).await;
    assert!(told(&other).is_empty(), "the first file still counts");
    let gone = import(&catalog, vec![file("a.yaml", "# nothing\n")]).await;
    assert_eq!(told(&gone), [(ChangeKind::Changed, "slo", "x")]);
}

#[tokio::test]
async fn an_alias_moves_what_was_declared_for_its_name_and_the_report_says_which() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let (catalog, _) = open(&database).await;
        import(&catalog, vec![file("a.yaml", &slo("x", "web_ui", "99"))]).await;
        let request = ImportRequest {
            aliases: BTreeMap::from([("Web-UI".to_owned(), Some("shop".to_owned()))]),
            ..ImportRequest::of(Vec::new())
        };
        let report = catalog.import(&scope(), &Actor::Local, request).await.unwrap();
        assert_eq!(
            report.aliases,
            BTreeMap::from([("web-ui".to_owned(), Some(name("shop")))])
        );
        assert_eq!(told(&report), [(ChangeKind::Changed, "slo", "x")]);
        let (again, _) = open(&database).await;
        assert_eq!(again.declarations("slo")[0].body["service"], "shop");
    }
}

#[tokio::test]
async fn an_import_answers_when_those_who_follow_have_taken_it_up() {
    let database = mainstay_testkit::sqlite(MIGRATIONS).await;
    let (catalog, _) = open(&database).await;
    let follower = catalog.follower();
    let mut fleets = catalog.fleets();
    fleets.mark_seen();
    let files = vec![file("a.yaml", &slo("x", "web", "99"))];
    let (report, seen) = tokio::join!(import(&catalog, files), async {
        fleets.changed().await;
        let seen = catalog.declarations("slo").len();
        follower.reached(catalog.version());
        seen
    });
    assert_eq!((report.applied, seen), (Some(true), 1));
    // How long it waits for one that is late is tested beside the followers.
    follower.stand_back();
    let elsewhere = import(&catalog, vec![file("a.yaml", &slo("x", "web", "98"))]).await;
    assert_eq!(elsewhere.applied, Some(false));
    assert_eq!(catalog.import_report(&scope(), elsewhere.id).await.unwrap(), elsewhere);
}
