//! Assertions by example and by property.

use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::model::check::CheckRole;

fn judged(assertions: Value, role: CheckRole, status: u16, body: &str) -> Result<(), String> {
    let assertions: Vec<Assertion> = serde_json::from_value(assertions).unwrap();
    let expectations: Vec<Expectation> = assertions.iter().map(|one| one.compile().unwrap()).collect();
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let answer = Answer::new(status, &headers, body.as_bytes(), 250_400, Some(9));
    let health = answer.health();
    judge(&expectations, role, &answer, health.as_ref())
}

fn why(assertions: Value, status: u16, body: &str) -> String {
    judged(assertions, CheckRole::Custom, status, body).unwrap_err()
}

#[test]
fn without_assertions_a_success_status_is_expected_and_the_body_is_quoted() {
    assert_eq!(judged(json!([]), CheckRole::Health, 204, ""), Ok(()));
    assert_eq!(
        why(
            json!([]),
            503,
            r#"{"status":"unhealthy","dependencies":{"database":"down"}}"#
        ),
        "answered 503 where 200-299 was expected; body says status=unhealthy (database)"
    );
    assert_eq!(
        why(json!([]), 503, r#"{"detail":"Service not ready"}"#),
        "answered 503 where 200-299 was expected; body says \"Service not ready\""
    );
}

#[test]
fn a_200_whose_body_says_not_ready_fails_a_readiness_check_only() {
    let body = r#"{"status":"not_ready","service":"fks_main","monitor_connected":false}"#;
    assert_eq!(
        judged(json!([]), CheckRole::Readiness, 200, body).unwrap_err(),
        "answered 200, but its body says status=not_ready"
    );
    assert_eq!(judged(json!([]), CheckRole::Liveness, 200, body), Ok(()));
    let explicit = json!([{"on": "json", "path": "$.status", "in": ["ready", "not_ready"]}]);
    assert_eq!(
        judged(explicit, CheckRole::Readiness, 200, body),
        Ok(()),
        "the person's own rule wins"
    );
}

#[test]
fn each_assertion_says_what_it_saw_and_what_it_wanted() {
    let body = r#"{"status":"ok","count":3}"#;
    assert_eq!(
        why(json!([{"on":"status","is":"301, 400-404"}]), 200, "x"),
        "answered 200 where 301, 400-404 was expected"
    );
    assert_eq!(
        why(json!([{"on":"body","contains":"ready"}]), 200, body),
        "answered 200 without \"ready\" in its body"
    );
    assert_eq!(
        why(json!([{"on":"body","lacks":"ok"}]), 200, body),
        "answered 200 with \"ok\" in its body"
    );
    assert_eq!(
        why(json!([{"on":"body","matches":"^v[0-9]+$"}]), 200, body),
        "answered 200 with a body that does not match `^v[0-9]+$`"
    );
    assert_eq!(
        why(json!([{"on":"json","path":"$.count","equals":4}]), 200, body),
        "answered with $.count = 3 where 4 was expected"
    );
    assert_eq!(
        why(json!([{"on":"json","path":"$.gone","equals":null}]), 200, body),
        "answered without $.gone, where null was expected"
    );
    assert_eq!(
        why(json!([{"on":"json","path":"$.a","equals":1}]), 200, "<html>"),
        "answered 200 with a body that is not JSON, so there is no $.a"
    );
    assert_eq!(
        why(
            json!([{"on":"header","name":"Content-Type","contains":"html"}]),
            200,
            body
        ),
        "answered with content-type: application/json where a value with \"html\" was expected"
    );
    assert_eq!(
        why(json!([{"on":"header","name":"x-cache","equals":"HIT"}]), 200, body),
        "answered without the header x-cache, where \"HIT\" was expected"
    );
    assert_eq!(
        why(json!([{"on":"latency","below_ms":250}]), 200, body),
        "took 251 ms where less than 250 ms was expected"
    );
    assert_eq!(
        why(json!([{"on":"tls","days_left_at_least":14}]), 200, body),
        "has a certificate that expires in 9 days where at least 14 were expected"
    );
    let all = json!([{"on":"status","is":"200"}, {"on":"body","contains":"ok"}, {"on":"body","matches":"count\":[0-9]"},
        {"on":"json","path":"$.count","equals":3.0}, {"on":"header","name":"content-type","equals":"application/json"},
        {"on":"latency","below_ms":251}, {"on":"tls","days_left_at_least":9}]);
    assert_eq!(judged(all, CheckRole::Custom, 200, body), Ok(()));
}

#[test]
fn an_assertion_that_says_nothing_or_two_things_is_refused_with_its_field() {
    for (assertion, field) in [
        (json!({"on":"status","is":"2xx"}), "is"),
        (json!({"on":"status","is":"299-200"}), "is"),
        (json!({"on":"body"}), "contains"),
        (json!({"on":"body","contains":"a","lacks":"b"}), "contains"),
        (json!({"on":"body","matches":"("}), "matches"),
        (json!({"on":"body","matches":"(a{1000}){1000}"}), "matches"),
        (json!({"on":"json","path":"status","equals":1}), "path"),
        (json!({"on":"json","path":"$.a"}), "equals"),
        (json!({"on":"json","path":"$.a","in":[]}), "equals"),
        (json!({"on":"header","name":"a b","equals":"x"}), "name"),
        (json!({"on":"header","name":"a"}), "equals"),
        (json!({"on":"latency","below_ms":0}), "below_ms"),
    ] {
        let parsed: Assertion = serde_json::from_value(assertion.clone()).unwrap();
        assert_eq!(parsed.compile().unwrap_err().0, field, "{assertion}");
    }
    assert!(serde_json::from_value::<Assertion>(json!({"on":"status","is":"200","oops":1})).is_err());
}

#[test]
fn an_assertion_keeps_its_shape_on_the_wire() {
    for shape in [
        json!({"on":"json","path":"$.a","equals":null}),
        json!({"on":"json","path":"$.a","in":[1,"b"]}),
        json!({"on":"body","lacks":"x"}),
    ] {
        let parsed: Assertion = serde_json::from_value(shape.clone()).unwrap();
        assert_eq!(serde_json::to_value(parsed).unwrap(), shape);
    }
}

proptest! {
    #[test]
    fn a_status_set_holds_exactly_its_ranges(low in 100_u16..=599, width in 0_u16..50, code in 100_u16..=599) {
        let high = (low + width).min(599);
        let set = StatusSet::parse(&format!("{low}-{high}")).unwrap();
        prop_assert_eq!(set.holds(code), (low..=high).contains(&code));
    }

    #[test]
    fn any_body_is_judged_without_panicking(body in ".{0,60}", status in 100_u16..600) {
        let assertions = json!([{"on":"json","path":"$.a[0]","equals":1}]);
        let _ = judged(assertions, CheckRole::Health, status, &body);
        let _ = judged(json!([]), CheckRole::Health, status, &body);
    }
}
