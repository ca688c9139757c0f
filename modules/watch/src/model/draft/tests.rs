//! Drafts that become checks, and drafts that are refused.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn build(draft: Value) -> Result<CheckSpec, Vec<FieldError>> {
    serde_json::from_value::<CheckDraft>(draft)
        .unwrap()
        .build(&Defaults::default(), None)
}

fn wrong_fields(draft: Value) -> Vec<String> {
    build(draft).unwrap_err().into_iter().map(|error| error.field).collect()
}

#[test]
fn a_target_alone_is_a_whole_check() {
    let spec = build(json!({"target": "http://127.0.0.1:8001/health"})).unwrap();
    assert_eq!(
        (spec.kind, spec.interval_ms, spec.timeout_ms),
        (CheckKind::Http, 15_000, 2_000)
    );
    assert_eq!(
        (spec.failures_before_down, spec.successes_before_up, spec.retry_ms),
        (3, 2, 1000)
    );
    let tcp = build(json!({"target": "tcp://DB.internal:5432"})).unwrap();
    assert_eq!((tcp.kind, tcp.target.as_str()), (CheckKind::Tcp, "db.internal:5432"));
    assert_eq!(build(json!({"target": "[::1]:80"})).unwrap().target, "[::1]:80");
}

#[test]
fn a_short_interval_shortens_the_default_timeout() {
    assert_eq!(
        build(json!({"target": "a:1", "interval_ms": 1000})).unwrap().timeout_ms,
        1000
    );
}

#[test]
fn what_makes_no_sense_is_refused_by_field() {
    assert_eq!(wrong_fields(json!({"target": "ftp://x/", "kind": "http"})), ["target"]);
    let said = |draft| build(draft).unwrap_err().remove(0).message;
    for draft in [
        json!({"target": "ftp://x"}),
        json!({"target": "ftp://x:21/y"}),
        json!({"target": "ftp://x", "kind": "http"}),
    ] {
        assert_eq!(
            said(draft),
            "`ftp:` is no scheme of a check; write `http://…`, `https://…`, or `host:port` for a TCP check"
        );
    }
    assert!(said(json!({"target": "http://x/", "kind": "tcp"})).contains("leave `kind` out"));
    assert!(said(json!({"target": "api"})).contains("a URL such as `https://"));
    assert_eq!(wrong_fields(json!({"target": "http://user:secret@x/"})), ["target"]);
    for bad in ["nonsense", "host:", "host:0", "host:70000", "::1:80", ":80", "a b:80"] {
        assert_eq!(wrong_fields(json!({"target": bad})), ["target"], "{bad}");
    }
    assert_eq!(
        wrong_fields(
            json!({"target": "a:1", "interval_ms": 10, "timeout_ms": 1, "retry_ms": 1, "failures_before_down": 0})
        ),
        ["interval_ms", "timeout_ms", "failures_before_down", "retry_ms"]
    );
    assert_eq!(
        wrong_fields(json!({"target": "a:1", "interval_ms": 1000, "timeout_ms": 1001})),
        ["timeout_ms"]
    );
    assert_eq!(
        wrong_fields(json!({"target": "http://a/", "method": "BAD METHOD"})),
        ["method"]
    );
    assert_eq!(
        wrong_fields(json!({"target": "a:1", "assertions": [{"on": "status", "is": "200"}]})),
        ["assertions[0].on"]
    );
    assert_eq!(
        wrong_fields(json!({"target": "http://a/", "assertions": [{"on": "tls", "days_left_at_least": 3}]})),
        ["assertions[0].on"]
    );
}

#[test]
fn headers_are_checked_and_secrets_survive_an_edit_that_never_saw_them() {
    assert_eq!(
        wrong_fields(json!({"target": "http://a/", "headers": [
            {"name": "a b", "value": "x"}, {"name": "host", "value": "x\ny"}, {"name": "x", "value_file": "../etc/passwd"},
            {"name": "x"}, {"name": "x", "value": "a", "value_file": "b"}, {"name": "content-length", "value": "3"}]})),
        [
            "headers[0].name",
            "headers[1].value",
            "headers[2].value_file",
            "headers[3].value",
            "headers[4].value_file",
            "headers[5].name"
        ]
    );
    let before =
        build(json!({"target": "http://a/", "headers": [{"name": "X-Key", "value": "hush", "secret": true}]})).unwrap();
    let edit: CheckDraft =
        serde_json::from_value(json!({"target": "http://b/", "headers": [{"name": "x-key", "secret": true}]})).unwrap();
    let after = edit.build(&Defaults::default(), Some(&before)).unwrap();
    assert_eq!(after.headers[0].value, HeaderValue::Secret("hush".to_owned()));
    assert!(!format!("{after:?}").contains("hush"), "a secret is never printed");
}

proptest! {
    #[test]
    fn any_target_is_accepted_or_refused_without_panicking(text in ".{0,40}", http in any::<bool>()) {
        let kind = if http { CheckKind::Http } else { CheckKind::Tcp };
        let draft = CheckDraft { kind: Some(kind), ..CheckDraft::of(text) };
        if let Ok(spec) = draft.build(&Defaults::default(), None) {
            let again = CheckDraft { kind: Some(kind), ..CheckDraft::of(spec.target.clone()) };
            prop_assert_eq!(again.build(&Defaults::default(), None).unwrap().target, spec.target);
        }
    }
}
