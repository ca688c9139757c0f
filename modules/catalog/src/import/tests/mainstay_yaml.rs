//! Mainstay's own format.

use super::{codes, import, needs, only, service, url};
use crate::model::Tier;

const YAML: &str = r#"
apiVersion: mainstay/v1
kind: Service
metadata: {name: Payments_API, environment: staging}
spec:
  owner: payments
  tier: critical
  description: Takes money.
  links: [{title: Runbook, url: "https://wiki.example/payments"}]
  endpoints:
    health: http://payments-api:8001/health
    metrics: http://payments-api:9001/metrics
  dependencies:
    - {service: ledger, kind: hard}
    - {service: mail, kind: soft}
---
apiVersion: mainstay/v1
kind: Service
metadata: {name: ledger, environment: staging}
spec: {dependencies: [], endpoints: [{kind: readiness, url: "http://ledger:1/r"}]}
---
apiVersion: mainstay/v1
kind: Service
metadata: {name: mail, environment: staging}
---
apiVersion: mainstay/v1
kind: Slo
metadata: {name: payments-available, environment: staging}
spec: {service: payments-api, objective: 99.9}
---
apiVersion: mainstay/v1
kind: Check
metadata: {name: payments-login, environment: staging}
spec: {service: payments-api, kind: http, target: "http://payments-api:8001/login", interval_ms: 15000}
---
apiVersion: mainstay/v1
kind: Webhook
metadata: {name: chat}
spec: {url: "https://chat.example/hook", format: mainstay}
"#;

#[test]
fn services_and_declarations_of_every_kind_are_read() {
    let analysis = import(&[("mainstay.yaml", YAML)]);
    let payments = service(&analysis, "payments-api");
    assert_eq!(payments.environment.as_str(), "staging");
    assert_eq!(
        (payments.owner.as_deref(), payments.tier),
        (Some("payments"), Tier::Critical)
    );
    assert_eq!(needs(payments), ["ledger:hard", "mail:soft"]);
    assert_eq!(url(payments, "metrics"), "http://payments-api:9001/metrics");
    assert_eq!(url(service(&analysis, "ledger"), "readiness"), "http://ledger:1/r");
    let declared: Vec<(&str, &str, &str)> = analysis
        .declarations
        .iter()
        .map(|declared| {
            (
                declared.kind.as_str(),
                declared.name.as_str(),
                declared.environment.as_str(),
            )
        })
        .collect();
    assert_eq!(
        declared,
        [
            ("slo", "payments-available", "staging"),
            ("check", "payments-login", "staging"),
            ("webhook", "chat", "production"),
        ]
    );
    let slo = &analysis.declarations[0];
    assert_eq!(
        slo.body,
        serde_json::json!({"service": "payments-api", "objective": 99.9, "name": "payments-available"})
    );
    assert_eq!(slo.source.line, Some(28));
    // The two services without an objective are told about; nothing is wrong.
    assert_eq!(codes(&analysis), ["missing-slo", "missing-slo"]);
}

#[test]
fn what_a_document_gets_wrong_is_said_with_its_line() {
    for (text, line, part) in [
        (
            "apiVersion: mainstay/v2\nkind: Service\nmetadata: {name: a}",
            1,
            "mainstay/v1",
        ),
        (
            "apiVersion: mainstay/v1\nkind: Servise\nmetadata: {name: a}",
            2,
            "Servise",
        ),
        ("apiVersion: mainstay/v1\nkind: Service", 1, "no name"),
        (
            "apiVersion: mainstay/v1\nkind: Service\nmetadata: {name: a}\nspec:\n  ownr: x",
            5,
            "ownr",
        ),
        (
            "apiVersion: mainstay/v1\nkind: Service\nmetadata: {name: a}\nspec:\n  tier: urgent",
            5,
            "critical, high",
        ),
        (
            "apiVersion: mainstay/v1\nkind: Service\nmetadata: {name: a}\nspec: {endpoints: {health: nowhere}}",
            4,
            "absolute URL",
        ),
        (
            "apiVersion: mainstay/v1\nkind: Service\nmetadata: {name: a, environment: A B}",
            3,
            "environment name",
        ),
        (
            "apiVersion: mainstay/v1\nkind: Slo\nmetadata: {name: a}\nspec: {objective: 99}",
            3,
            "names no service",
        ),
    ] {
        let analysis = import(&[("m.yaml", text)]);
        let finding = only(&analysis, "invalid-document");
        assert_eq!(finding.line, line, "{text}");
        assert!(finding.message.contains(part), "{}", finding.message);
    }
}

#[test]
fn a_name_that_no_host_could_have_is_refused() {
    let analysis = import(&[(
        "m.yaml",
        "apiVersion: mainstay/v1\nkind: Service\nmetadata: {name: 'a b'}",
    )]);
    let finding = only(&analysis, "invalid-name");
    assert_eq!((finding.severity.as_str(), finding.line), ("error", 3));
    assert!(analysis.services.is_empty());
}

#[test]
fn of_two_declarations_with_one_name_the_first_counts_and_the_other_is_reported() {
    let slo = |objective: &str| {
        format!(
            "apiVersion: mainstay/v1\nkind: Slo\nmetadata: {{name: a}}\nspec: {{service: s, objective: {objective}}}"
        )
    };
    let analysis = import(&[("a.yaml", &slo("99")), ("b.yaml", &slo("98"))]);
    assert_eq!(analysis.declarations.len(), 1);
    assert_eq!(analysis.declarations[0].body["objective"], 99);
    assert_eq!(only(&analysis, "duplicate-service").file, "b.yaml");
}

#[test]
fn a_service_that_observes_all_needs_every_other_softly_and_what_it_names_as_it_says() {
    let document = |name: &str, spec: &str| {
        format!("apiVersion: mainstay/v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n")
    };
    let files = [
        (
            "monitor.yaml",
            document("monitor", "observes_all: true, dependencies: [store]"),
        ),
        ("store.yaml", document("store", "dependencies: []")),
        ("web.yaml", document("web", "dependencies: [monitor]")),
        ("idle.yaml", document("idle", "observes_all: false")),
    ];
    let given: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let analysis = import(&given);
    assert_eq!(
        needs(service(&analysis, "monitor")),
        ["idle:soft", "store:hard", "web:soft"]
    );
    assert!(needs(service(&analysis, "idle")).is_empty());
    let observed = analysis.edges.iter().find(|edge| edge.to.as_str() == "web").unwrap();
    assert_eq!(observed.source.line, Some(4));
    // Observing a service that needs the observer is a circle only because that need is hard.
    let cycle = only(&analysis, "dependency-cycle");
    assert_eq!(cycle.severity.as_str(), "warning");
    assert_eq!(codes(&analysis), ["dependency-cycle"]);
}
