//! Rules by example, where the real files of the golden list have none.

use super::{codes, import, only, registry};

#[test]
fn a_hard_circle_is_an_error_and_one_through_an_observer_a_warning() {
    let circle = registry("1", &[("a", 1, &["b"]), ("b", 2, &["c"]), ("c", 3, &["a"])]);
    let analysis = import(&[("r.json", &circle)]);
    let finding = only(&analysis, "dependency-cycle");
    assert_eq!(
        (finding.severity.as_str(), finding.values["cycle"].as_str()),
        ("error", Some("a>b>c>a"))
    );
    assert!(
        finding.message.starts_with("a needs b, which needs c, which needs a."),
        "{}",
        finding.message
    );

    let observed = registry("1", &[("a", 1, &["m"]), ("m", 2, &["all"]), ("n", 3, &["all"])]);
    let analysis = import(&[("r.json", &observed)]);
    let finding = only(&analysis, "dependency-cycle");
    assert_eq!(
        (finding.severity.as_str(), finding.values["soft"].clone()),
        ("warning", serde_json::json!(["m>a"]))
    );

    let observers = registry("1", &[("m", 2, &["all"]), ("n", 3, &["all"])]);
    assert!(
        codes(&import(&[("r.json", &observers)])).is_empty(),
        "observers alone make no circle"
    );
    assert_eq!(
        only(
            &import(&[("r.json", &registry("1", &[("a", 1, &["a"])]))]),
            "dependency-cycle"
        )
        .values["cycle"],
        "a>a"
    );
}

#[test]
fn a_port_that_most_of_the_fleet_shares_is_a_convention() {
    let convention = registry("1", &[("a", 80, &[]), ("b", 80, &[]), ("c", 80, &[]), ("d", 81, &[])]);
    assert!(codes(&import(&[("r.json", &convention)])).is_empty());
    let clash = registry("1", &[("a", 80, &[]), ("b", 80, &[])]);
    assert_eq!(
        only(&import(&[("r.json", &clash)]), "duplicate-port").values["services"],
        serde_json::json!(["a", "b"])
    );
}

#[test]
fn compose_ports_clash_only_on_overlapping_addresses() {
    let apart = "services:\n  a: {image: x, ports: ['127.0.0.1:80:80', '53:53/udp']}\n  b: {image: x, ports: ['10.0.0.1:80:80', '53:53/tcp']}\n";
    assert!(codes(&import(&[("c.yml", apart)])).is_empty());
    let clash = "services:\n  a: {image: x, ports: ['127.0.0.1:80:80']}\n  b: {image: x, ports: ['80:8080']}\n";
    assert_eq!(only(&import(&[("c.yml", clash)]), "duplicate-port").line, 3);
}

#[test]
fn a_public_address_says_nothing_about_the_port_behind_the_proxy() {
    let list = "services: {web: {health_url: 'https://web.example.com/health'}}";
    let compose =
        "services: {web: {image: w, ports: ['8080:8080'], healthcheck: {test: 'curl http://localhost:8080/health'}}}";
    assert!(codes(&import(&[("services.yaml", list), ("compose.yml", compose)])).is_empty());
}

#[test]
fn a_probe_must_ask_a_port_of_its_own_container() {
    let workload = |port: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: w}}\nspec:\n  template:\n    spec:\n      containers:\n      - name: w\n        ports: [{{containerPort: 80, name: http}}]\n        livenessProbe:\n          httpGet:\n            path: /\n            port: {port}\n"
        )
    };
    for good in ["80", "http"] {
        assert!(codes(&import(&[("k.yaml", &workload(good))])).is_empty());
    }
    let analysis = import(&[("k.yaml", &workload("admin"))]);
    let finding = only(&analysis, "unserved-probe");
    assert_eq!(
        (finding.line, finding.values["opened"].clone()),
        (13, serde_json::json!([80]))
    );
}

#[test]
fn objectives_must_agree_with_their_own_numbers() {
    let slos = |fields: &str| format!("{{\"services\": {{\"a\": {{{fields}}}}}}}");
    for good in [
        "\"availability\": 99.9, \"error_budget\": 0.1, \"error_rate\": 0.1, \"monthly_downtime_minutes\": 43.2, \"weekly_downtime_minutes\": 10.08",
        "\"availability\": 99.95, \"monthly_downtime_minutes\": 21.6",
    ] {
        assert!(codes(&import(&[("slos.json", &slos(good))])).is_empty(), "{good}");
    }
    for bad in [
        "\"availability\": 99.9, \"error_budget\": 0.2",
        "\"availability\": 99.9, \"error_rate\": 1",
        "\"availability\": 99.9, \"monthly_downtime_minutes\": 43.9",
        "\"availability\": 99.9, \"weekly_downtime_minutes\": 43.2",
        "\"availability\": 100",
        "\"availability\": 0",
    ] {
        only(&import(&[("slos.json", &slos(bad))]), "contradictory-objective");
    }
}

#[test]
fn an_objective_in_another_unit_is_found_between_sources() {
    let registry = registry("1", &[("a", 1, &[])]);
    let json = "{\"services\": {\"a\": {\"availability\": 99.9, \"latency_p95\": 200}}}";
    let slo = "apiVersion: mainstay/v1\nkind: Slo\nmetadata: {name: fast}\nspec:\n  service: a\n  objective: 95%\n  sli: {kind: latency, threshold_ms: 0.2}\n";
    let analysis = import(&[("r.json", &registry), ("slos.json", json), ("slo.yaml", slo)]);
    let finding = only(&analysis, "unit-mismatch");
    assert_eq!(
        (finding.values["factor"].clone(), finding.file.as_str()),
        (1000.into(), "slos.json")
    );
}

#[test]
fn an_objective_about_nobody_and_a_service_without_one_are_found() {
    let registry = registry("1", &[("a", 1, &[])]);
    let analysis = import(&[
        ("r.json", &registry),
        ("slos.json", "{\"services\": {\"b\": {\"availability\": 99.9}}}"),
    ]);
    assert_eq!(codes(&analysis), ["missing-slo", "undefined-service"]);
}

#[test]
fn a_repeated_key_is_found_once_with_its_best_name() {
    let json = "{\"version\": \"1\", \"services\": {\n\"a\": {\"port\": 1,\n\"port\": 2},\n\"b\": {\"port\": 3},\n\"b\": {\"port\": 4}}}";
    let analysis = import(&[("r.json", json)]);
    assert_eq!(only(&analysis, "duplicate-key").line, 3);
    assert_eq!(only(&analysis, "duplicate-service").line, 5);
    assert_eq!(analysis.findings.len(), 2, "{:?}", analysis.findings);
}

#[test]
fn prometheus_files_must_fit_together() {
    let config =
        "rule_files: [rules/*.yml, 'missing.yml']\nscrape_configs: []\nremote_write: [{url: 'http://${HOST}/w'}]\n";
    let rules = "groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]";
    let broken = "groups: [{name: h, rules: [{alert: B, expr: 'sum(up'}]}]";
    let analysis = import(&[
        ("m/prometheus.yml", config),
        ("m/rules/a.yml", rules),
        ("m/other.yml", broken),
    ]);
    assert_eq!(
        codes(&analysis),
        [
            "invalid-expression",
            "unloaded-rule-file",
            "missing-rule-file",
            "unexpanded-variable"
        ]
    );
}

#[test]
fn an_embedded_rule_is_judged_on_its_own_line() {
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: rules}\ndata:\n  a.yml: |\n    groups:\n      - name: g\n        rules:\n          - alert: A\n            expr: |\n              sum(\n                up))\n";
    assert_eq!(only(&import(&[("k.yaml", map)]), "invalid-expression").line, 12);
}

#[test]
fn a_route_needs_a_service_with_that_port() {
    let ingress = |port: u16| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: i}}\nspec: {{rules: [{{http: {{paths: [{{backend: {{service: {{name: w, port: {{number: {port}}}}}}}}}]}}}}]}}\n"
        )
    };
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: w}\nspec: {ports: [{port: 80}]}";
    assert!(codes(&import(&[("i.yaml", &ingress(80)), ("s.yaml", service)])).is_empty());
    only(
        &import(&[("i.yaml", &ingress(81)), ("s.yaml", service)]),
        "unserved-route",
    );
    assert!(
        codes(&import(&[("i.yaml", &ingress(81))])).is_empty(),
        "the Service may come from a chart"
    );
}

#[test]
fn a_reused_version_and_a_date_that_goes_back_are_found() {
    let file = |version: &str, date: &str, port: u16| {
        format!(
            "{{\"version\": \"{version}\",\n\"updated\": \"{date}\",\n\"services\": {{\"a\": {{\"port\": {port}}}}}}}"
        )
    };
    let analysis = import(&[
        ("a/r.json", &file("1.0", "2026-03-01", 1)),
        ("b/r.json", &file("1.0", "2026-03-01", 2)),
        ("c/r.json", &file("1.1", "2026-02-01", 1)),
    ]);
    assert_eq!(codes(&analysis), ["reused-version", "version-date"]);
}

#[test]
fn a_finding_keeps_its_id_when_other_files_change() {
    let bad = registry("1", &[("a", 1, &["gone"])]);
    let alone = import(&[("r.json", &bad)]);
    let more = import(&[("r.json", &bad), ("c.yml", "services: {x: {image: y}}")]);
    assert_eq!(
        only(&alone, "undefined-dependency").id,
        only(&more, "undefined-dependency").id
    );
}
