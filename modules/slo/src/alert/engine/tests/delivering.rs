//! What was decided reaches its receivers: signed, in order, and in spite of everything.

use super::*;
use receiver::Reply;

#[tokio::test]
async fn an_alert_is_one_signed_message_to_every_webhook() {
    for db in databases().await {
        let (one, two) = (Receiver::start([]).await, Receiver::start([]).await);
        let process = Process::start(&db, "api").await;
        let (webhook, secret) = process.webhook(&one, Format::Mainstay).await;
        process.webhook(&two, Format::Alertmanager).await;
        process.down("api");
        let message = one.accepts(1).await.remove(0);
        let id = message.header("webhook-id").unwrap();
        let timestamp = message.header("webhook-timestamp").unwrap().parse().unwrap();
        assert_eq!(
            message.header("webhook-signature").unwrap(),
            secret.sign(id, timestamp, message.body.as_bytes())
        );
        assert_eq!(message.json()["type"], "alert.opened");
        assert_eq!(message.json()["data"]["alert"]["service"], "api");
        assert_eq!(message.json()["data"]["alert"]["severity"], "page");
        assert_eq!(two.accepts(1).await[0].json()["version"], "4");
        let deliveries = process.until_deliveries(all(DeliveryStatus::Delivered)).await;
        assert_eq!(deliveries.len(), 2);
        let mine = deliveries
            .iter()
            .find(|delivery| delivery.webhook_id == webhook.id)
            .unwrap();
        assert_eq!(id, format!("msg_{}", mine.id));
        assert_eq!((mine.attempts, mine.webhook_name.as_str()), (1, webhook.name.as_str()));
        process.stop().await;
    }
}

#[tokio::test]
async fn a_receiver_that_fails_hangs_and_hangs_up_gets_the_same_message_until_it_accepts() {
    for db in databases().await {
        let receiver = Receiver::start([
            Reply::Status(500),
            Reply::Silence,
            Reply::HangUp,
            Reply::RetryAfter(503, "0"),
        ])
        .await;
        let mut impatient = config();
        impatient.delivery.timeout = Duration::from_secs(1);
        let process = Process::start_with(&db, "api", impatient, Arc::default(), 42, Timestamp::UNIX_EPOCH).await;
        process.webhook(&receiver, Format::Mainstay).await;
        process.down("api");
        receiver.accepts(1).await;
        let delivery = process.until_deliveries(all(DeliveryStatus::Delivered)).await.remove(0);
        let ids: BTreeSet<String> = receiver
            .received()
            .iter()
            .map(|message| format!("{} {}", message.header("webhook-id").unwrap(), message.body))
            .collect();
        assert_eq!(ids.len(), 1, "the id and the body are the same in every attempt");
        let (_, attempts, _) = process
            .alerts
            .inner
            .deliveries
            .delivery(&Scope::default(), delivery.id)
            .await
            .unwrap();
        assert_eq!(attempts.len(), 5);
        let statuses: Vec<Option<u16>> = attempts.iter().map(|attempt| attempt.status).collect();
        assert_eq!(statuses, [Some(500), None, None, Some(503), Some(204)]);
        assert!(
            attempts[1].error.as_deref().unwrap().contains("no answer within 1 s"),
            "{attempts:?}"
        );
        assert!(attempts[4].ok && attempts[4].error.is_none());
        process.stop().await;
    }
}

#[tokio::test]
async fn a_resolution_never_overtakes_its_opening() {
    for db in databases().await {
        let receiver = Receiver::start([Reply::Status(500), Reply::HangUp, Reply::Status(502)]).await;
        let process = Process::start(&db, "api").await;
        process.webhook(&receiver, Format::Mainstay).await;
        process.down("api");
        process.up("api");
        let types: Vec<_> = receiver
            .accepts(2)
            .await
            .iter()
            .map(|message| message.json()["type"].clone())
            .collect();
        assert_eq!(types, ["alert.opened", "alert.resolved"]);
        process.stop().await;
    }
}

#[tokio::test]
async fn a_receiver_that_is_gone_gets_nothing_more_until_somebody_sends_it_again() {
    for db in databases().await {
        let receiver = Receiver::start([Reply::Status(410)]).await;
        let process = Process::start(&db, "api").await;
        process.webhook(&receiver, Format::Mainstay).await;
        process.down("api");
        let dead = process.until_deliveries(all(DeliveryStatus::Dead)).await.remove(0);
        assert!(dead.last_error.unwrap().contains("410 Gone"));
        assert_eq!(receiver.received().len(), 1);
        let deliveries = &process.alerts.inner.deliveries;
        let again = deliveries.redeliver(&Scope::default(), dead.id).await.unwrap();
        assert_eq!((again.status, again.attempts), (DeliveryStatus::Delivered, 2));
        let ids: Vec<_> = receiver
            .received()
            .iter()
            .map(|message| message.header("webhook-id").map(str::to_owned))
            .collect();
        assert_eq!(ids[0], ids[1]);
        process.stop().await;
    }
}

#[tokio::test]
async fn a_delivery_that_waits_is_attempted_at_once_when_somebody_asks() {
    for db in databases().await {
        let receiver = Receiver::start([Reply::Status(503)]).await;
        let mut patient = config();
        patient.delivery.backoff.steps = vec![Duration::from_hours(1)];
        let process = Process::start_with(&db, "api", patient, Arc::default(), 1, Timestamp::UNIX_EPOCH).await;
        process.webhook(&receiver, Format::Mainstay).await;
        process.down("api");
        let waiting = process.until_deliveries(all(DeliveryStatus::Failed)).await.remove(0);
        process.up("api");
        process.until_deliveries(|deliveries| deliveries.len() == 2).await;
        let deliveries = &process.alerts.inner.deliveries;
        let sent = deliveries.redeliver(&Scope::default(), waiting.id).await.unwrap();
        assert_eq!((sent.status, sent.attempts), (DeliveryStatus::Delivered, 2));
        // What waited behind it goes, too.
        receiver.accepts(2).await;
        process.stop().await;
    }
}

#[tokio::test]
async fn a_delivery_is_given_up_after_a_day() {
    let db = sqlite().await;
    let receiver = Receiver::start(std::iter::repeat_n(Reply::Status(500), 10_000)).await;
    let process = Process::start(&db, "api").await;
    process.webhook(&receiver, Format::Mainstay).await;
    process.down("api");
    process.until_deliveries(all(DeliveryStatus::Failed)).await;
    // A second more: the engine counts on between two looks at a clock that stands still.
    process
        .clock
        .advance(SignedDuration::from_hours(24) + SignedDuration::from_secs(1));
    let dead = process.until_deliveries(all(DeliveryStatus::Dead)).await.remove(0);
    assert!(dead.last_error.unwrap().starts_with("given up after "));
    assert_eq!(dead.next_attempt_at, None);
    process.stop().await;
}

#[tokio::test]
async fn what_was_committed_and_not_attempted_is_delivered_once_by_the_next_process() {
    for db in databases().await {
        let receiver = Receiver::start([Reply::Silence]).await;
        let mut slow = config();
        slow.delivery.timeout = Duration::from_mins(1);
        let process = Process::start_with(&db, "api", slow, Arc::default(), 1, Timestamp::UNIX_EPOCH).await;
        process.webhook(&receiver, Format::Mainstay).await;
        process.down("api");
        receiver.receives(1).await;
        let at = process.stop().await;

        let process = Process::start_with(&db, "api", config(), Arc::default(), 2, at).await;
        receiver.accepts(1).await;
        // The watch states again what it has decided.
        process.decide("api", true);
        process.up("api");
        receiver.accepts(2).await;
        let deliveries = process.until_deliveries(all(DeliveryStatus::Delivered)).await;
        assert_eq!(deliveries.len(), 2, "one opening, one resolution");
        assert_eq!(process.list().await.len(), 1);
        process.stop().await;
    }
}

#[tokio::test]
async fn no_more_than_four_attempts_to_one_webhook_run_at_a_time() {
    let db = sqlite().await;
    let receiver = Receiver::start([]).await;
    receiver.slow_down(Duration::from_millis(20));
    let services: Vec<String> = (0..20).map(|index| format!("s{index}")).collect();
    let process = Process::start(&db, &services.join(" ")).await;
    process.webhook(&receiver, Format::Mainstay).await;
    for service in &services {
        process.down(service);
    }
    receiver.accepts(20).await;
    assert_eq!(receiver.most_at_once(), 4);
    process.stop().await;
}

#[tokio::test]
async fn deliveries_to_a_disabled_webhook_wait_until_it_is_enabled() {
    let db = sqlite().await;
    let receiver = Receiver::start([Reply::Status(500)]).await;
    let mut patient = config();
    patient.delivery.backoff.steps = vec![Duration::from_millis(200)];
    let process = Process::start_with(&db, "api", patient, Arc::default(), 1, Timestamp::UNIX_EPOCH).await;
    let (webhook, _) = process.webhook(&receiver, Format::Mainstay).await;
    process.down("api");
    process.until_deliveries(all(DeliveryStatus::Failed)).await;
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
    assert!(
        tokio::time::timeout(Duration::from_millis(400), receiver.receives(2))
            .await
            .is_err()
            || receiver.received().len() == 1
    );
    deliveries.update(&Scope::default(), off, draft(true)).await.unwrap();
    receiver.accepts(1).await;
    process.stop().await;
}

#[tokio::test]
async fn what_was_meant_for_a_deleted_webhook_is_given_up() {
    for db in databases().await {
        let receiver = Receiver::start(std::iter::repeat_n(Reply::Status(500), 1000)).await;
        let mut patient = config();
        patient.delivery.backoff.steps = vec![Duration::from_mins(1)];
        let process = Process::start_with(&db, "api", patient, Arc::default(), 1, Timestamp::UNIX_EPOCH).await;
        let (webhook, _) = process.webhook(&receiver, Format::Mainstay).await;
        process.down("api");
        process.until_deliveries(all(DeliveryStatus::Failed)).await;
        process.alerts.inner.deliveries.delete(&webhook).await.unwrap();
        let dead = process.until_deliveries(all(DeliveryStatus::Dead)).await.remove(0);
        assert_eq!(dead.last_error.as_deref(), Some("the webhook was deleted"));
        process.stop().await;
    }
}
