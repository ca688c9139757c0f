//! Who was told of what, and what is said of it.

use super::*;
use receiver::Reply;

/// What happened to an alert, with the words.
async fn told(process: &Process, alert: &Alert) -> Vec<(String, String)> {
    let (_, timeline) = process.alerts.find(&Scope::default(), alert.id).await.unwrap();
    timeline
        .into_iter()
        .map(|entry| (entry.what.to_string(), entry.detail.unwrap_or_default()))
        .filter(|(what, _)| what != "opened")
        .collect()
}

fn events(receiver: &Receiver) -> Vec<String> {
    let messages = receiver.accepted();
    messages
        .iter()
        .map(|message| message.json()["type"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn without_a_webhook_an_alert_says_that_nobody_was_told() {
    for db in databases().await {
        let process = Process::start(&db, "api").await;
        process.down("api");
        let alert = process
            .until_alerts(|alerts| alerts.first().is_some_and(|alert| alert.told.is_some()))
            .await
            .remove(0);
        assert!(!alert.delivered);
        let said = alert.told.as_ref().unwrap();
        assert_eq!((said.webhooks, said.accepted), (0, 0));
        assert_eq!(said.summary, "Nobody was told: no webhook was enabled.");
        assert_eq!(
            told(&process, &alert).await,
            [(
                "nobody-told".to_owned(),
                "No webhook is enabled, so nobody was told. Add one under Deliveries.".to_owned()
            )]
        );
        process.stop().await;
    }
}

#[tokio::test]
async fn an_alert_is_delivered_when_a_webhook_has_accepted_it_and_not_before() {
    for db in databases().await {
        let (good, gone) = (Receiver::start([]).await, Receiver::start([Reply::Status(410)]).await);
        good.slow_down(Duration::from_millis(100));
        let process = Process::start(&db, "api").await;
        let (pager, _) = process.webhook(&good, Format::Mainstay).await;
        let (other, _) = process.webhook(&gone, Format::Mainstay).await;
        process.down("api");
        let alert = process.until_alerts(|alerts| !alerts.is_empty()).await.remove(0);
        assert!(!alert.delivered);
        assert_eq!(
            alert.told.as_ref().map(|told| told.summary.as_str()),
            Some("2 webhooks were told; none has accepted it yet.")
        );

        let alert = process.until_alerts(|alerts| alerts[0].delivered).await.remove(0);
        assert_eq!(
            alert.told.as_ref().map(|told| told.summary.as_str()),
            Some("1 of 2 webhooks accepted it.")
        );
        let message = &good.accepts(1).await[0];
        assert_eq!(
            message.json()["data"]["alert"]["delivered"],
            false,
            "nobody had accepted it when it was sent"
        );
        let timeline = told(&process, &alert).await;
        let of = |wanted: &str| {
            timeline
                .iter()
                .filter(|(what, _)| what == wanted)
                .map(|(_, detail)| detail.as_str())
                .collect::<Vec<_>>()
        };
        let [handed] = of("told")[..] else {
            panic!("{timeline:?}")
        };
        assert!(
            handed.starts_with("Telling ") && handed.contains(&pager.name) && handed.contains(&other.name),
            "{handed}"
        );
        let [accepted] = of("delivered")[..] else {
            panic!("{timeline:?}")
        };
        assert!(
            accepted.starts_with(&format!("{} accepted the opening after ", pager.name)) && accepted.ends_with(" ms."),
            "{accepted}"
        );
        let [refused] = of("given-up")[..] else {
            panic!("{timeline:?}")
        };
        assert!(
            refused.starts_with(&format!("{} did not accept the opening: ", other.name)) && refused.contains("410"),
            "{refused}"
        );

        // Sent again by hand it is accepted by both, and a second acceptance by the same webhook changes nothing.
        let deliveries = process.deliveries().await;
        for delivery in &deliveries {
            let deliveries = &process.alerts.inner.deliveries;
            deliveries.redeliver(&Scope::default(), delivery.id).await.unwrap();
        }
        let alert = process.list().await.remove(0);
        assert_eq!(
            alert.told.map(|told| told.summary),
            Some("2 webhooks accepted it.".to_owned())
        );
        process.stop().await;
    }
}

#[tokio::test]
async fn a_webhook_made_while_an_alert_is_open_hears_nothing_of_it_and_all_of_the_next() {
    for db in databases().await {
        let (first, late) = (Receiver::start([]).await, Receiver::start([]).await);
        let process = Process::start(&db, "api").await;
        process.webhook(&first, Format::Mainstay).await;
        process.down("api");
        first.accepts(1).await;
        let at = process.stop().await;

        // Who was told is remembered across a restart.
        let process = Process::start_with(&db, "api", config(), Arc::default(), 2, at).await;
        process.webhook(&late, Format::Mainstay).await;
        let alert = process.list().await.remove(0);
        let by = "ada".to_owned();
        let acknowledged = process.alerts.acknowledge(&Scope::default(), alert.id, by, None).await;
        acknowledged.unwrap();
        process.up("api");
        first.accepts(3).await;
        assert_eq!(events(&first), ["alert.opened", "alert.acknowledged", "alert.resolved"]);
        process.down("api");
        late.accepts(1).await;
        process.up("api");
        late.accepts(2).await;
        assert_eq!(events(&late), ["alert.opened", "alert.resolved"]);
        let ids: BTreeSet<String> = late
            .accepted()
            .iter()
            .map(|message| message.json()["data"]["alert"]["id"].to_string())
            .collect();
        assert!(!ids.iter().any(|id| id.contains(&alert.id.to_string())));
        process.stop().await;
    }
}

#[tokio::test]
async fn a_webhook_disabled_while_an_alert_is_open_hears_of_its_end_when_it_is_enabled() {
    let db = sqlite().await;
    let receiver = Receiver::start([]).await;
    let process = Process::start(&db, "api").await;
    let (webhook, _) = process.webhook(&receiver, Format::Mainstay).await;
    process.down("api");
    receiver.accepts(1).await;
    let deliveries = &process.alerts.inner.deliveries;
    let draft = |enabled| WebhookDraft {
        name: webhook.name.clone(),
        url: webhook.url.clone(),
        format: webhook.format,
        secret: None,
        enabled,
    };
    let off = deliveries
        .update(&Scope::default(), webhook.clone(), draft(false))
        .await
        .unwrap();
    process.up("api");
    process.caught_up().await;
    process.until_deliveries(|all| all.len() == 2).await;
    deliveries.update(&Scope::default(), off, draft(true)).await.unwrap();
    receiver.accepts(2).await;
    assert_eq!(events(&receiver), ["alert.opened", "alert.resolved"]);
    process.stop().await;
}
