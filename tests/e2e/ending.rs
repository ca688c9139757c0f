//! The end of a process, in its order: nobody new is let in, answers under way are given by modules that still work, what was
//! begun is finished and flushed, and the database is closed.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use mainstay_store::{Database, sql};
use serde_json::{Value, json};

use crate::{
    harness::{Instance, Running, eventually, instances, signal},
    servers::{Receiver, Target},
};

/// A request that is under way, because the end of its body has not been sent yet.
struct UnderWay {
    stream: TcpStream,
    rest: Vec<u8>,
}

impl UnderWay {
    fn post(instance: &Instance, path: &str, body: &Value) -> Self {
        let body = body.to_string().into_bytes();
        let mut stream = TcpStream::connect(("127.0.0.1", instance.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        )
        .unwrap();
        let (begin, rest) = body.split_at(1);
        stream.write_all(begin).unwrap();
        Self {
            stream,
            rest: rest.to_vec(),
        }
    }

    /// Sends the rest; answers the first line of what is answered.
    fn finish(mut self) -> String {
        self.stream.write_all(&self.rest).unwrap();
        let mut answer = String::new();
        self.stream.read_to_string(&mut answer).unwrap();
        answer.lines().next().unwrap_or_default().to_owned()
    }
}

/// Sends SIGTERM and waits until the shutdown has begun.
async fn begin_to_end(instance: &Instance, running: &Running) {
    signal(running.pid(), "TERM");
    eventually("it lets nobody in", || {
        TcpStream::connect(("127.0.0.1", instance.port)).is_err()
    })
    .await;
}

#[tokio::test]
async fn answers_under_way_are_given_by_modules_that_still_work() {
    for instance in instances("[egress]\nallow_loopback = true\n").await {
        let (well, ill, receiver) = (Target::start(), Target::start(), Receiver::start(0));
        let running = instance.start().await;
        running
            .post("/api/v1/webhooks", &json!({ "name": "chat", "url": receiver.url() }))
            .await;
        running.watch("shop", &well.url()).await;
        ill.set_well(false);
        running.watch("till", &ill.url()).await;
        let alerts = running
            .until("/api/v1/alerts", |body| body["items"][0]["state"] == "open")
            .await;
        let id = alerts["items"][0]["id"].as_str().unwrap();

        let mut browser = TcpStream::connect(("127.0.0.1", instance.port)).unwrap();
        write!(browser, "GET /api/v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").unwrap();
        browser.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let made = UnderWay::post(&instance, "/api/v1/services", &json!({ "name": "late" }));
        let taken_on = UnderWay::post(
            &instance,
            &format!("/api/v1/alerts/{id}/acknowledge"),
            &json!({ "by": "ada" }),
        );
        running.get("/api/v1/meta").await;
        begin_to_end(&instance, &running).await;

        // The stream ends by itself, or reading would time out.
        let mut stream = String::new();
        browser.read_to_string(&mut stream).unwrap();
        assert!(stream.contains("event: hello"), "{stream}");
        let before = well.hits();
        eventually("it goes on probing", || well.hits() >= before + 2).await;
        assert_eq!(taken_on.finish(), "HTTP/1.1 200 OK");
        assert_eq!(made.finish(), "HTTP/1.1 201 Created");
        let (_, code, log) = running.wait_with_log();
        assert_eq!(code, Some(0), "{log}");
        assert!(
            !log.contains("did not finish in time") && !log.contains("ERROR"),
            "{log}"
        );

        // Nothing of what was probed is lost, but for one probe under way at the very end.
        let database = Database::open(&instance.database()).await.unwrap();
        let rows = database
            .fetch_one(sql("SELECT COUNT(*) AS n FROM watch_probe"))
            .await
            .unwrap();
        let kept = u64::try_from(rows.get::<i64>("n").unwrap()).unwrap();
        database.close().await;
        let probed = well.hits() + ill.hits();
        assert!(
            kept + 2 >= probed && kept <= probed,
            "{kept} of {probed} probes are kept"
        );

        let running = instance.start().await;
        running.get("/api/v1/services/late").await;
        let alert = running.get(&format!("/api/v1/alerts/{id}")).await;
        assert_eq!(alert["acknowledged_by"], "ada", "{alert}");
        let told = |event: &str| {
            receiver
                .accepted()
                .keys()
                .filter(|(_, told)| told.contains(event))
                .count()
        };
        eventually("it is told who took the alert on", || told("acknowledged") == 1).await;
    }
}

#[tokio::test]
async fn a_request_that_never_ends_does_not_keep_it_for_ever() {
    let instance = Instance::sqlite("");
    let running = instance.start().await;
    let _held = UnderWay::post(&instance, "/api/v1/services", &json!({ "name": "late" }));
    running.get("/api/v1/meta").await;
    let (took, code) = running.terminate();
    assert_eq!(code, Some(0));
    assert!(
        took > Duration::from_secs(9) && took < Duration::from_secs(14),
        "{took:?}"
    );
    let running = instance.start().await;
    assert_eq!(running.try_get("/api/v1/services/late").await.0, 404);
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once_and_costs_nothing_that_was_acknowledged() {
    for instance in instances("").await {
        let running = instance.start().await;
        running.post("/api/v1/services", &json!({ "name": "dear" })).await;
        let _held = UnderWay::post(&instance, "/api/v1/services", &json!({ "name": "late" }));
        running.get("/api/v1/meta").await;
        begin_to_end(&instance, &running).await;
        signal(running.pid(), "INT");
        let (took, code) = running.wait();
        assert_eq!(code, Some(130));
        assert!(took < Duration::from_secs(2), "{took:?}");
        instance.start().await.get("/api/v1/services/dear").await;
    }
}
