//! The prober against real sockets that behave badly.

mod tls;

use std::{future::Future, net::SocketAddr, time::Duration};

use mainstay_runtime::Tasks;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::*;
use crate::model::draft::{CheckDraft, Defaults};

/// A listener on a free port that treats every connection in the given way.
async fn target<F, R>(tasks: &Tasks, treat: F) -> SocketAddr
where
    F: Fn(TcpStream) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let owner = tasks.clone();
    tasks.detached(async move {
        while let Ok((stream, _)) = listener.accept().await {
            owner.detached(treat(stream));
        }
    });
    address
}

async fn read_head(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let (mut head, mut byte) = (Vec::new(), [0_u8; 1]);
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).await.unwrap_or(0) == 0 {
            break;
        }
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// A target that reads the request and writes `answer`, then closes.
async fn answering(tasks: &Tasks, answer: &'static str) -> SocketAddr {
    target(tasks, move |mut stream| async move {
        read_head(&mut stream).await;
        let _ = stream.write_all(answer.as_bytes()).await;
    })
    .await
}

fn tasks() -> Tasks {
    Tasks::new(World::system())
}

async fn probe_with(config: &ProberConfig, draft: serde_json::Value) -> Probe {
    let draft: CheckDraft = serde_json::from_value(draft).unwrap();
    let spec = draft.build(&Defaults::default(), None).unwrap();
    probe_once(&World::system(), config, &spec).await.unwrap()
}

async fn probe(draft: serde_json::Value) -> Probe {
    probe_with(&ProberConfig::default(), draft).await
}

async fn failure(draft: serde_json::Value) -> (FailureKind, String) {
    let failure = probe(draft).await.failure.unwrap();
    (failure.kind, failure.message)
}

#[tokio::test]
async fn a_good_answer_carries_phases_address_and_health() {
    let tasks = tasks();
    let body = r#"{"status":"healthy","dependencies":{"db":"ok"}}"#;
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let address = answering(&tasks, Box::leak(answer.into_boxed_str())).await;
    let probe = probe(json!({"target": format!("http://localhost:{}/health", address.port()), "role": "health"})).await;
    assert_eq!(probe.failure, None);
    assert_eq!((probe.status, probe.body_bytes), (Some(200), Some(47)));
    assert_eq!(
        probe.address,
        Some(address),
        "a name with several addresses is tried until one answers"
    );
    let health = probe.health.unwrap();
    assert_eq!((health.status.as_str(), health.dependencies.len()), ("healthy", 1));
    let phases = probe.phases;
    assert!(phases.resolve_us.is_some() && phases.connect_us.is_some() && phases.first_byte_us.is_some());
    assert!(phases.body_us.is_some() && phases.tls_us.is_none());
}

#[tokio::test]
async fn a_closed_port_refuses() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for target in [format!("http://{address}/"), address.to_string()] {
        assert_eq!(
            failure(json!({"target": target})).await,
            (FailureKind::ConnectRefused, "refused the connection".to_owned())
        );
    }
}

#[tokio::test]
async fn a_target_that_accepts_and_never_answers_costs_only_the_timeout() {
    let tasks = tasks();
    let address = target(&tasks, |stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let probe = probe(json!({"target": format!("http://{address}/"), "timeout_ms": 80})).await;
    let failure = probe.failure.unwrap();
    assert_eq!(failure.kind, FailureKind::Timeout);
    assert_eq!(
        failure.message,
        "accepted the connection but did not answer within 80 ms"
    );
    assert!(
        (80_000..1_000_000).contains(&probe.duration_us),
        "{}",
        probe.duration_us
    );
    assert!(probe.phases.connect_us.is_some());
    let tcp = self::probe(json!({"target": address.to_string()})).await;
    assert_eq!(tcp.failure, None, "for a TCP check, accepting is answering");
}

#[tokio::test]
async fn a_target_that_answers_byte_by_byte_runs_into_the_deadline() {
    let tasks = tasks();
    let address = target(&tasks, |mut stream| async move {
        read_head(&mut stream).await;
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
            .await;
        loop {
            if stream.write_all(b"x").await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let (kind, message) = failure(json!({"target": format!("http://{address}/"), "timeout_ms": 120})).await;
    assert_eq!(kind, FailureKind::Timeout);
    assert!(
        message.starts_with("began to answer but did not finish within 120 ms ("),
        "{message}"
    );
}

#[tokio::test]
async fn a_gigabyte_is_not_read_whether_announced_or_not() {
    let tasks = tasks();
    let announced = answering(&tasks, "HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\nx").await;
    let sneaky = target(&tasks, |mut stream| async move {
        read_head(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        let chunk = vec![b'x'; 64 * 1024];
        for _ in 0..16 * 1024 {
            if stream.write_all(&chunk).await.is_err() {
                return;
            }
        }
    })
    .await;
    for address in [announced, sneaky] {
        assert_eq!(
            failure(json!({"target": format!("http://{address}/")})).await,
            (
                FailureKind::TooLarge,
                "answered with a body of more than 1 MiB".to_owned()
            )
        );
    }
}

#[tokio::test]
async fn what_is_not_a_whole_http_answer_is_said_to_be_so() {
    let tasks = tasks();
    for (answer, words) in [
        ("", "closed the connection before it answered"),
        ("HTTP/1.1 200 OK\r\ncont", "closed the connection before it answered"),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf",
            "closed the connection in the middle of its answer",
        ),
        (
            "220 mail ESMTP ready\r\n\r\n",
            "answered with something that is not HTTP",
        ),
        ("\0\u{1}garbage\r\n\r\n", "answered with something that is not HTTP"),
    ] {
        let address = answering(&tasks, answer).await;
        assert_eq!(
            failure(json!({"target": format!("http://{address}/")})).await,
            (FailureKind::Protocol, words.to_owned()),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn redirects_are_followed_counted_and_checked_again() {
    let tasks = tasks();
    let good = answering(&tasks, "HTTP/1.1 204 No Content\r\n\r\n").await;
    let forward = format!("HTTP/1.1 302 Found\r\nlocation: http://{good}/there\r\n\r\n");
    let forward = answering(&tasks, Box::leak(forward.into_boxed_str())).await;
    let followed = probe(json!({"target": format!("http://{forward}/")})).await;
    assert_eq!(
        (followed.failure, followed.status, followed.address),
        (None, Some(204), Some(good))
    );
    let kept = probe(json!({"target": format!("http://{forward}/"), "follow_redirects": false})).await;
    assert_eq!(kept.failure.unwrap().message, "answered 302 where 200-299 was expected");

    let circle = answering(&tasks, "HTTP/1.1 307 Temporary Redirect\r\nlocation: /again\r\n\r\n").await;
    let (kind, message) = failure(json!({"target": format!("http://{circle}/")})).await;
    assert_eq!(kind, FailureKind::Protocol);
    assert_eq!(
        message,
        format!("redirected more than 10 times, at last to http://{circle}/again")
    );

    let trap = answering(
        &tasks,
        "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/latest/meta-data\r\n\r\n",
    )
    .await;
    assert_eq!(
        failure(json!({"target": format!("http://{trap}/")})).await.0,
        FailureKind::Blocked
    );
    let odd = answering(&tasks, "HTTP/1.1 302 Found\r\nlocation: file:///etc/passwd\r\n\r\n").await;
    assert_eq!(
        failure(json!({"target": format!("http://{odd}/")})).await,
        (
            FailureKind::Protocol,
            "redirected, but `file:` is not a scheme a check follows".to_owned()
        )
    );
}

#[tokio::test]
async fn metadata_addresses_are_refused_before_a_packet_is_sent() {
    for target in [
        "http://169.254.169.254/",
        "http://[fe80::1]/",
        "169.254.1.1:80",
        "http://[::ffff:169.254.169.254]/",
    ] {
        let probe = probe(json!({"target": target})).await;
        assert_eq!(probe.failure.unwrap().kind, FailureKind::Blocked, "{target}");
        assert!(probe.address.is_none() && probe.phases.connect_us.is_none());
    }
}

#[tokio::test]
async fn a_name_nobody_has_does_not_resolve() {
    let (kind, message) = failure(json!({"target": "http://no-such-host.invalid/"})).await;
    assert_eq!(kind, FailureKind::Resolve);
    assert!(
        message.starts_with("the name no-such-host.invalid does not resolve"),
        "{message}"
    );
    assert!(
        message.ends_with("; check DNS, or the host in the service's endpoint"),
        "{message}"
    );
}

#[tokio::test]
async fn method_body_and_headers_are_sent_and_secrets_do_not_follow_to_another_host() {
    let tasks = tasks();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), "Bearer abc\n").unwrap();
    let (seen, mut heads) = tokio::sync::mpsc::unbounded_channel();
    let last = {
        let seen = seen.clone();
        target(&tasks, move |mut stream| {
            let seen = seen.clone();
            async move {
                let _ = seen.send(read_head(&mut stream).await);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
            }
        })
        .await
    };
    let first = target(&tasks, move |mut stream| {
        let seen = seen.clone();
        async move {
            let _ = seen.send(read_head(&mut stream).await);
            let answer = format!("HTTP/1.1 303 See Other\r\nlocation: http://{last}/\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    })
    .await;
    let config = ProberConfig {
        secrets_folder: Some(folder.path().to_owned()),
        ..ProberConfig::default()
    };
    let draft = json!({"target": format!("http://{first}/submit?x=1"), "method": "post", "body": "hello",
        "headers": [{"name": "Authorization", "value_file": "token"}, {"name": "x-plain", "value": "yes"}]});
    assert_eq!(probe_with(&config, draft).await.failure, None);
    let (sent, redirected) = (heads.recv().await.unwrap(), heads.recv().await.unwrap());
    assert!(sent.starts_with("POST /submit?x=1 HTTP/1.1\r\n"), "{sent}");
    for line in [
        "authorization: Bearer abc",
        "x-plain: yes",
        "content-length: 5",
        "connection: close",
    ] {
        assert!(sent.contains(line), "{line} is missing in {sent}");
    }
    assert!(redirected.starts_with("GET / HTTP/1.1\r\n"), "{redirected}");
    assert!(
        redirected.contains("x-plain") && !redirected.contains("authorization"),
        "{redirected}"
    );

    let missing = json!({"target": format!("http://{first}/"), "headers": [{"name": "x", "value_file": "absent"}]});
    let failure = probe_with(&config, missing).await.failure.unwrap();
    assert_eq!(failure.kind, FailureKind::Blocked);
    assert!(
        failure.message.starts_with("was not asked: the secret file `absent`"),
        "{}",
        failure.message
    );
}
