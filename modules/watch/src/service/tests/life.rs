//! What becomes of services while they fail, recover, are maintained, and while Mainstay is restarted.

use super::*;

#[tokio::test]
async fn a_failing_service_is_down_its_dependants_degraded_and_both_recover() {
    for db in databases(MIGRATIONS).await {
        let tasks = Tasks::new(World::system());
        let (data, web) = (Target::start(&tasks).await, Target::start(&tasks).await);
        let catalog = TestCatalog::of(vec![
            service("data", data.port, &[]),
            service("web", web.port, &["data"]),
        ]);
        let watch = open(&db, &catalog).await;
        let ear = Arc::new(Ear::default());
        watch.add_listener(ear.clone());
        watch.start(&tasks).await.unwrap();
        until("all is up", || {
            state(&watch, "data") == State::Up && state(&watch, "web") == State::Up
        })
        .await;

        data.set(false);
        until("web is degraded", || state(&watch, "web") == State::Degraded).await;
        let down = watch.service_state(&Environment::production(), &name("data")).unwrap();
        assert_eq!(
            down.reason.unwrap(),
            "health: answered 503 where 200-299 was expected; body says status=down"
        );
        let degraded = watch.service_state(&Environment::production(), &name("web")).unwrap();
        assert_eq!(degraded.cause.unwrap().path, [name("web"), name("data")]);
        let failed = ear.probes.lock().unwrap().iter().filter(|event| !event.ok).count();
        assert!(failed >= 3, "three failures decide");

        data.set(true);
        until("all is up again", || state(&watch, "web") == State::Up).await;
        let order: Vec<(String, State)> = ear
            .changes
            .lock()
            .unwrap()
            .iter()
            .filter(|change| change.before.state != State::Unknown)
            .map(|change| (change.after.service.to_string(), change.after.state))
            .collect();
        let expected = [
            ("data", State::Down),
            ("web", State::Degraded),
            ("data", State::Up),
            ("web", State::Up),
        ];
        assert_eq!(order, expected.map(|(service, state)| (service.to_owned(), state)));

        assert!(tasks.stop_and_wait(Duration::from_secs(10)).await.is_empty());
        let heard = ear.probes.lock().unwrap().len();
        let scope = Scope::default();
        let mut written = 0;
        for view in watch.checks(&scope, None, &all()).unwrap().items {
            written += watch
                .probes(view.check.id, None, &PageRequest::first(10_000))
                .await
                .unwrap()
                .items
                .len();
        }
        assert_eq!(written, heard, "a shutdown writes everything that was decided");
        let strips = watch.strips(&scope, StripQuery { hours: 1, slots: 4 }).await.unwrap();
        assert_eq!((strips[0].slots[3], strips[1].slots[3]), (State::Down, State::Degraded));
        let shown = watch.state_page(&scope, &all()).await.unwrap().items;
        assert!(shown[0].latency_p95_ms.is_some() && shown[0].uptime_24h_ratio.unwrap() < 1.0);
    }
}

#[tokio::test]
async fn a_restart_goes_on_where_it_stopped() {
    for db in databases(MIGRATIONS).await {
        let servers = Tasks::new(World::system());
        let (data, web) = (Target::start(&servers).await, Target::start(&servers).await);
        data.set(false);
        let catalog = TestCatalog::of(vec![
            service("data", data.port, &[]),
            service("web", web.port, &["data"]),
        ]);
        let tasks = Tasks::new(World::system());
        let first = open(&db, &catalog).await;
        first.start(&tasks).await.unwrap();
        until("web is degraded", || state(&first, "web") == State::Degraded).await;
        stop(tasks).await;
        let environment = Environment::production();
        let before = first.service_states(&environment);
        let checks_before = first.checks(&Scope::default(), None, &all()).unwrap().items;

        let second = open(&db, &catalog).await;
        let after = second.service_states(&environment);
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(
                (before.state, &before.cause, &before.reason),
                (after.state, &after.cause, &after.reason)
            );
            let stored = mainstay_kernel::from_micros(mainstay_kernel::to_micros(before.since));
            assert_eq!(stored, after.since);
        }
        let checks_after = second.checks(&Scope::default(), None, &all()).unwrap().items;
        for (before, after) in checks_before.iter().zip(&checks_after) {
            assert_eq!(before.check.id, after.check.id);
            assert_eq!(
                (before.word, before.state.failing_streak),
                (after.word, after.state.failing_streak)
            );
        }
        let ear = Arc::new(Ear::default());
        second.add_listener(ear.clone());
        let tasks = Tasks::new(World::system());
        second.start(&tasks).await.unwrap();
        until("it probes again", || ear.probes.lock().unwrap().len() >= 4).await;
        assert_eq!(
            *ear.changes.lock().unwrap(),
            [],
            "nothing flaps because Mainstay was restarted"
        );
        stop(tasks).await;
        stop(servers).await;
    }
}

#[tokio::test]
async fn during_maintenance_failures_are_marked_and_the_state_says_so() {
    let db = sqlite(MIGRATIONS).await;
    let tasks = Tasks::new(World::system());
    let target = Target::start(&tasks).await;
    let catalog = TestCatalog::of(vec![service("api", target.port, &[])]);
    let watch = open(&db, &catalog).await;
    let ear = Arc::new(Ear::default());
    watch.add_listener(ear.clone());
    watch.start(&tasks).await.unwrap();
    let now = World::system().now();
    let window = NewMaintenance {
        service: Some(name("api")),
        reason: "upgrade".to_owned(),
        starts_at: now,
        ends_at: now + Duration::from_hours(1),
    };
    let scope = Scope::default();
    let planned = watch
        .plan_maintenance(&scope, &Actor::Local, window.clone())
        .await
        .unwrap();
    assert_eq!(state(&watch, "api"), State::Maintenance);
    target.set(false);
    until("a failure is marked", || {
        let probes = ear.probes.lock().unwrap();
        probes.iter().filter(|event| !event.ok && event.in_maintenance).count() >= 3
    })
    .await;
    assert_eq!(state(&watch, "api"), State::Maintenance);
    watch.delete_maintenance(planned.id).await.unwrap();
    assert_eq!(
        state(&watch, "api"),
        State::Down,
        "the truth shows as soon as the window ends"
    );
    let backwards = NewMaintenance {
        ends_at: now,
        service: Some(name("nobody")),
        reason: " ".to_owned(),
        ..window
    };
    let Err(WatchError::Invalid(fields)) = watch.plan_maintenance(&scope, &Actor::Local, backwards).await else {
        panic!()
    };
    assert_eq!(fields.len(), 3);
    stop(tasks).await;
}
