//! Changes by example: what differs, what is risky, what was deployed; and that no secret comes out.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::{ChangeFacts, ChangeLimits, Changes, Form, ReadFailure, Side};
use crate::{logs::time::TimeContext, source::Origin};

const CONTEXT: TimeContext = TimeContext {
    reference: 1_710_072_000_000_000,
    zone: 0,
};

/// Reads files of both sides, and checks that each quote stands where it says.
fn facts(files: &[(Side, &str, Form, &str)], onset: Option<i64>) -> ChangeFacts {
    let mut changes = Changes::new(CONTEXT, ChangeLimits::default());
    for (side, name, form, content) in files {
        let origin = Origin::file(format!("{side:?}/{name}"));
        changes
            .read(*side, &origin, name, *form, content.as_bytes())
            .expect("read");
    }
    for side in [Side::Baseline, Side::Subject] {
        for (relative, settings) in changes.settings(side) {
            let content = files
                .iter()
                .find(|file| file.0 == side && file.1 == relative)
                .map_or("", |file| file.3);
            for setting in settings.entries.values() {
                assert!(
                    setting
                        .quote
                        .as_ref()
                        .is_none_or(|quote| quote.holds(content.as_bytes())),
                    "{setting:?}"
                );
            }
        }
    }
    let found = changes.facts(onset);
    let quotes = found.changes.iter().flat_map(|change| &change.quotes);
    for quote in quotes.chain(found.events.iter().filter_map(|event| event.event.quote.as_ref())) {
        let of = files
            .iter()
            .find(|file| quote.file == format!("{:?}/{}", file.0, file.1));
        assert!(quote.holds(of.expect("a file").3.as_bytes()), "{quote:?}");
    }
    found
}

/// One line for each fact.
fn told(facts: &ChangeFacts) -> String {
    let mut text = String::new();
    let shown = |value: &Option<super::Value>| value.as_ref().map_or("-".to_owned(), ToString::to_string);
    for change in &facts.changes {
        let _ = writeln!(
            text,
            "{} {}: {} -> {} ({}, near {:.2})",
            change.component,
            change.path,
            shown(&change.before),
            shown(&change.after),
            change.certainty,
            change.nearness
        );
        for risk in &change.risks {
            let _ = writeln!(text, "    {:?} {}: {}", risk.kind, risk.certainty, risk.reason);
        }
        for quote in &change.quotes {
            let _ = writeln!(text, "    {}:{} {:?}", quote.file, quote.line, quote.text);
        }
    }
    for fact in &facts.risks {
        let _ = writeln!(
            text,
            "stands {} {}: {} {:?} {}",
            fact.component, fact.path, fact.value, fact.risk.kind, fact.risk.reason
        );
    }
    for event in &facts.events {
        let one = &event.event;
        let _ = writeln!(
            text,
            "event {} {} {:?} from {:?} {:?} ({}, near {:.2})",
            one.at, one.component, one.version, one.previous, one.text, one.certainty, event.nearness
        );
    }
    for note in &facts.notes {
        let _ = writeln!(text, "note {}: {}", note.origin.file, note.note);
    }
    let _ = write!(text, "{} later, {} dropped", facts.later, facts.dropped);
    text
}

#[test]
fn order_and_writing_do_not_matter() {
    for (form, old, new) in [
        (
            Form::Yaml,
            "a: 1\nb: {c: [x, y], d: \"5\"}\n",
            "# note\nb:\n  d: 5\n  c:\n  - x\n  - 'y'\na: 1.0\n",
        ),
        (
            Form::Yaml,
            "{\"a\": {\"b\": true}, \"c\": 1}",
            "{\n\t\"c\": 1,\n\t\"a\": {\"b\": true}\n}\n",
        ),
        (
            Form::Yaml,
            "l:\n- name: x\n  v: 1\n- name: y\n  v: 2\n",
            "l:\n- {name: y, v: 2}\n- {name: x, v: 1}\n",
        ),
        (Form::Toml, "[a]\nb = 1\nc = 'x'\n", "a = { c = \"x\", b = 1 }\n"),
        (Form::Pairs, "A=1\nB=\"two\"\n", "# x\nexport B=two\nA = 1\n"),
        (
            Form::Yaml,
            "base: &b {x: 1}\nuse:\n  <<: *b\n  y: 2\n",
            "base: {x: 1}\nuse: {y: 2, x: 1}\n",
        ),
    ] {
        let found = facts(
            &[(Side::Baseline, "f", form, old), (Side::Subject, "f", form, new)],
            None,
        );
        assert!(found.changes.is_empty(), "{old}: {}", told(&found));
    }
}

#[test]
fn manifests_are_compared_by_what_they_configure() {
    let old = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: cart\n  namespace: shop\n  resourceVersion: '1'\nspec:\n  replicas: 4\n  template:\n    spec:\n      containers:\n      - name: server\n        image: shop/cart:1.1\n        env:\n        - name: DB_PASSWORD\n          value: hunter2\n        - name: PAY_TIMEOUT_MS\n          value: \"2000\"\n        resources:\n          limits:\n            memory: 512Mi\n        readinessProbe:\n          periodSeconds: 5\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cart-config\ndata:\n  application.properties: |\n    pool.size=20\n    pay.url=http://pay:80\n";
    let new = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cart-config\ndata:\n  application.properties: |\n    pay.url=http://pay:80\n    pool.size=2\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: cart\n  namespace: shop\n  resourceVersion: '2'\nspec:\n  replicas: 0\n  template:\n    spec:\n      containers:\n      - name: server\n        image: shop/cart:latest\n        env:\n        - name: PAY_TIMEOUT_MS\n          value: \"200\"\n        - name: DB_PASSWORD\n          value: hunter3\n        resources:\n          limits:\n            memory: 64Mi\n";
    let found = facts(
        &[
            (Side::Baseline, "k8s/all.yaml", Form::Yaml, old),
            (Side::Subject, "k8s/all.yaml", Form::Yaml, new),
        ],
        None,
    );
    let text = told(&found);
    assert!(!text.contains("hunter"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn settings_of_every_form_are_risky_for_the_same_reasons() {
    let toml = "[http]\ntimeout = \"0s\"\n[tls]\ninsecure_skip_verify = true\n[retry]\nmax_retries = -1\n";
    let env = "DEBUG=true\nFEATURE_NEW_CART=off\nREDIS_URL=redis://:s3cr3tpass@redis:6379\n";
    let docker = "FROM debian AS base\nENV LOG_LEVEL=debug \\\n    MODE=x\nHEALTHCHECK CMD true\n";
    let json = "{\"pay\": {\"url\": \"http://pay:80/x\", \"timeout\": \"1s\"}}";
    let found = facts(
        &[
            (
                Side::Baseline,
                "cart/.env",
                Form::Pairs,
                "DEBUG=false\nFEATURE_NEW_CART=on\nREDIS_URL=redis://:s3cr3tpass@cache:6379\n",
            ),
            (
                Side::Baseline,
                "cart/Dockerfile",
                Form::Dockerfile,
                "FROM debian:12 AS base\nENV MODE=x LOG_LEVEL=info\nHEALTHCHECK CMD true\n",
            ),
            (Side::Subject, "cart/app.toml", Form::Toml, toml),
            (Side::Subject, "cart/.env", Form::Pairs, env),
            (Side::Subject, "cart/Dockerfile", Form::Dockerfile, docker),
            (Side::Subject, "shop.json", Form::Yaml, json),
            (Side::Subject, "pay.yaml", Form::Yaml, "db:\n  timeout: 5s\n"),
        ],
        None,
    );
    let text = told(&found);
    assert!(!text.contains("s3cr3t"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn a_difference_tells_the_same_facts() {
    let diff = "From 1a2b Mon Sep 17 00:00:00 2001\nDate: Sun, 10 Mar 2024 11:50:00 +0000\n\ndiff --git a/deploy/cart.yaml b/deploy/cart.yaml\n--- a/deploy/cart.yaml\n+++ b/deploy/cart.yaml\n@@ -3,9 +3,8 @@ spec:\n spec:\n-  replicas: 4\n+  replicas: 1\n   env:\n   - name: DB_PASSWORD\n-    value: hunter2\n+    value: hunter3\n   - name: POOL_SIZE\n-    value: \"20\"\n+    value: \"2\"\n-    note: x\ndiff --git a/pay/src/main.go b/pay/src/main.go\n--- a/pay/src/main.go\n+++ b/pay/src/main.go\n@@ -1 +1 @@\n-call()\n+callTwice()\n";
    let onset = 1_710_072_000_000_000;
    let found = facts(&[(Side::Subject, "change.diff", Form::Diff, diff)], Some(onset));
    let text = told(&found);
    assert!(!text.contains("hunter"), "{text}");
    insta::assert_snapshot!(text);
    assert_eq!(
        facts(
            &[(Side::Subject, "change.diff", Form::Diff, diff)],
            Some(onset - 3_600_000_000)
        )
        .later,
        5
    );
}

#[test]
fn events_stand_on_a_time_line_and_the_nearer_counts_more() {
    let onset = 1_710_072_000_000_000;
    let lines = "{\"time\":\"2024-03-10T11:59:00Z\",\"service\":\"cart\",\"version\":\"1.2\",\"previous_version\":\"1.1\"}\n{\"time\":\"2024-03-10T12:30:00Z\",\"service\":\"pay\",\"version\":\"9\"}\n{\"a\":1}\n";
    let csv = "Time;Service;Version\n2024-03-10 10:00:00;pay;8\n";
    let kubernetes = "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{\"kind\":\"Event\",\"involvedObject\":{\"kind\":\"Deployment\",\"name\":\"web\"},\"reason\":\"ScalingReplicaSet\",\"message\":\"Scaled down replica set web-7 to 0\",\"lastTimestamp\":\"2024-03-10T11:30:00Z\"},{\"kind\":\"Event\",\"involvedObject\":{\"name\":\"web\"},\"reason\":\"Unhealthy\",\"message\":\"x\",\"lastTimestamp\":\"2024-03-10T11:30:00Z\"}]}";
    let argo = "{\"metadata\":{\"name\":\"shop\"},\"status\":{\"history\":[{\"deployedAt\":\"2024-03-10T11:00:00Z\",\"revision\":\"abc\",\"name\":\"shop\"}]}}";
    let found = facts(
        &[
            (Side::Subject, "a.jsonl", Form::Events, lines),
            (Side::Subject, "b.csv", Form::Events, csv),
            (Side::Subject, "c.json", Form::Events, kubernetes),
            (Side::Subject, "d.json", Form::Events, argo),
        ],
        Some(onset),
    );
    insta::assert_snapshot!(told(&found));
}

#[test]
fn what_is_broken_is_told_with_its_line() {
    let mut changes = Changes::new(
        CONTEXT,
        ChangeLimits {
            file: 100,
            ..ChangeLimits::default()
        },
    );
    let mut read = |form, content: &[u8]| changes.read(Side::Subject, &Origin::file("x"), "x.toml", form, content);
    assert!(matches!(
        read(Form::Yaml, b"a: [1\nb: }"),
        Err(ReadFailure::Invalid { .. })
    ));
    assert!(matches!(
        read(Form::Toml, b"a = \n"),
        Err(ReadFailure::Invalid { line: 1, .. })
    ));
    assert_eq!(read(Form::Yaml, b"a: \xff"), Err(ReadFailure::NoText(3)));
    assert_eq!(read(Form::Yaml, &[b'a'; 101]), Err(ReadFailure::TooLarge(100)));
    assert_eq!(changes.facts(None).notes.len(), 4);
}

#[test]
fn copies_of_copies_end_at_the_bound() {
    let mut bomb = "a0: &a0 {x: 1, y: 2}\n".to_owned();
    for level in 1..40 {
        let _ = writeln!(bomb, "a{level}: &a{level} {{p: *a{}, q: *a{}}}", level - 1, level - 1);
    }
    let found = facts(&[(Side::Subject, "x.yaml", Form::Yaml, &bomb)], None);
    assert!(found.dropped > 0);
    let deep = "[".repeat(5_000);
    let mut changes = Changes::new(CONTEXT, ChangeLimits::default());
    let _ = changes.read(Side::Subject, &Origin::file("x"), "x", Form::Yaml, deep.as_bytes());
}

const FORMS: [Form; 6] = [
    Form::Yaml,
    Form::Toml,
    Form::Pairs,
    Form::Dockerfile,
    Form::Diff,
    Form::Events,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn any_bytes_are_read_or_refused(
        form in 0..6_usize,
        parts in proptest::collection::vec(prop_oneof![
            4 => "[ -~\nä]{0,20}",
            1 => Just("\n- name: x\n  value: ".to_owned()),
            1 => Just("\nkey: &a {b: *a, <<: *a}\n".to_owned()),
            1 => Just("kind: List\napiVersion: v1\nitems:\n- metadata: {name: x}\n  kind: Secret\n".to_owned()),
            1 => Just("\n--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n-a: 1\n+a: 2\n".to_owned()),
            1 => Just("ENV A=\"b c\" D=e \\\n".to_owned()),
            1 => Just("{\"time\":\"2024-03-10T11:59:00Z\",\"service\":\"c\",\"version\":\"1\"}\n".to_owned()),
            1 => Just("a: |\n  b=c\n  d=e\n".to_owned()),
        ], 0..8),
        broken in proptest::option::of(any::<u8>()),
    ) {
        let mut content = parts.concat().into_bytes();
        content.extend(broken);
        let mut changes = Changes::new(CONTEXT, ChangeLimits::default());
        for side in [Side::Baseline, Side::Subject] {
            let _ = changes.read(side, &Origin::file("x"), "x", FORMS[form], content.as_slice());
        }
        for (_, settings) in changes.settings(Side::Subject) {
            for setting in settings.entries.values() {
                prop_assert!(setting.quote.as_ref().is_none_or(|quote| quote.holds(&content)), "{:?}", setting);
            }
        }
        let found = changes.facts(Some(0));
        prop_assert!(FORMS[form] == Form::Diff || found.changes.is_empty());
    }

    #[test]
    fn a_secret_comes_out_of_no_form(
        name in prop_oneof![Just("DB_PASSWORD"), Just("apiKey"), Just("client-secret"), Just("AUTH_TOKEN")],
        secret in "[a-z]{4}zq[0-9]{6}",
        changed in any::<bool>(),
    ) {
        let other = if changed { "zqother9" } else { secret.as_str() };
        let make = |secret: &str| [
            (Form::Yaml, "a.yaml", format!("db:\n  {name}: {secret}\nlist: [{{value: {secret}, name: {name}}}, {{name: {name}2, value: {secret}}}]\n")),
            (Form::Yaml, "b.json", format!("{{\"x\": 1, \"{name}\": \"{secret}\", \"y\": 2, \"url\": \"amqp://u:{secret}@q/\"}}")),
            (Form::Yaml, "c.yaml", format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  anything: {secret}\n")),
            (Form::Yaml, "secrets.yaml", format!("anything: {secret}\n")),
            (Form::Yaml, "d.yaml", format!("args: [\"--{name}={secret}\"]\nfile: |\n  words and\n  {name}: {secret}\n")),
            (Form::Toml, "a.toml", format!("x = {{ {name} = \"{secret}\", y = 1 }}\n")),
            (Form::Pairs, "a.env", format!("{name}={secret}\nDSN=Server=x;{name}={secret}\n")),
            (Form::Dockerfile, "Dockerfile", format!("FROM x\nENV A=1 {name}={secret} B=2\nARG {name} {secret}\nRUN curl -H \"{name}: {secret}\" x\n")),
            (Form::Diff, "a.diff", format!("--- a/x.yaml\n+++ b/x.yaml\n@@ -1,5 +1,5 @@\n env:\n - name: {name}\n-  value: old{secret}\n+  value: {secret}\n-x: {{name: {name}, value: {secret}}}\n+x: {{value: {secret}, name: {name}}}\n+{name}={secret}\n")),
            (Form::Events, "a.json", format!("{{\"time\":\"2024-03-10T11:59:00Z\",\"service\":\"c\",\"version\":\"1\",\"message\":\"{name}={secret}\",\"{name}\":\"{secret}\"}}")),
            (Form::Events, "a.csv", format!("time,service,version,{name}\n2024-03-10T11:59:00Z,c,1,{secret}\n")),
        ];
        let mut changes = Changes::new(CONTEXT, ChangeLimits::default());
        for (side, files) in [(Side::Baseline, make(other)), (Side::Subject, make(&secret))] {
            for (form, file, content) in files {
                changes.read(side, &Origin::file(file), file, form, content.as_bytes()).expect("read");
            }
        }
        let facts = changes.facts(None);
        let all = format!("{facts:?} {} {changes:?}", serde_json::to_string(&facts).expect("JSON"));
        prop_assert!(!all.contains(&secret) && !all.contains("zqother9"), "{}", all);
    }
}
