//! What each parser takes from its format.

use super::{codes, import, needs, registry, service, url};
use crate::{import::FileStatus, model::Tier};

#[test]
fn a_registry_gives_ports_urls_and_hard_dependencies_and_all_is_soft() {
    let analysis = import(&[(
        "service_registry.json",
        &registry("1", &[("a_b", 1, &[]), ("c", 2, &["a_b"]), ("m", 3, &["all"])]),
    )]);
    let ab = service(&analysis, "a-b");
    assert_eq!(
        (url(ab, "base"), url(ab, "health")),
        ("http://a-b:1".into(), "http://a-b:1/health".into())
    );
    assert_eq!(needs(service(&analysis, "c")), ["a-b:hard"]);
    assert_eq!(needs(service(&analysis, "m")), ["a-b:soft", "c:soft"]);
    let port = analysis
        .facts
        .iter()
        .find(|fact| fact.field == "port" && fact.service.as_str() == "c")
        .unwrap();
    assert_eq!((port.value.clone(), port.wins), (2.into(), true));
}

#[test]
fn a_list_of_services_without_a_version_is_a_registry_too() {
    let yaml = "services:\n  web:\n    health_url: http://web:80/h\n    ready_url: http://web:80/r\n    live_url: http://web:80/l\n    metrics_url: http://web:80/m\n    port: 80\n";
    let analysis = import(&[("services.yaml", yaml)]);
    let web = service(&analysis, "web");
    let urls: Vec<String> = ["health", "readiness", "liveness", "metrics"]
        .iter()
        .map(|kind| url(web, kind))
        .collect();
    assert_eq!(
        urls,
        [
            "http://web:80/h",
            "http://web:80/r",
            "http://web:80/l",
            "http://web:80/m"
        ]
    );
    assert_eq!(analysis.files[0].kind, "service-list");
}

#[test]
fn monitor_toml_gives_health_and_tier() {
    let toml =
        "[[services]]\nid = \"web\"\nname = \"The web\"\nhealth_endpoint = \"http://web:1/h\"\ncritical = true\n";
    let analysis = import(&[("monitor.toml", toml)]);
    let web = service(&analysis, "web");
    assert_eq!(
        (web.tier, web.description.as_deref(), url(web, "health")),
        (Tier::Critical, Some("The web"), "http://web:1/h".into())
    );
}

#[test]
fn slos_json_becomes_declarations_in_the_fields_of_the_api() {
    let json = r#"{"services": {"fks_api": {"availability": 99.9, "latency_p95": 200, "owner": 1}}}"#;
    let analysis = import(&[("slos.json", json)]);
    let bodies: Vec<&serde_json::Value> = analysis.declarations.iter().map(|declared| &declared.body).collect();
    let window = serde_json::json!({"kind": "rolling", "seconds": 2_592_000});
    assert_eq!(
        bodies,
        [
            &serde_json::json!({"name": "fks-api-availability", "service": "fks-api", "sli": {"kind": "availability"}, "objective": 99.9, "window": window}),
        ]
    );
    assert!(codes(&analysis).is_empty());
    assert!(analysis.files[0].note.contains("latency"), "{}", analysis.files[0].note);
    let facts: Vec<(&str, Option<f64>)> = analysis
        .facts
        .iter()
        .map(|fact| (fact.field.as_str(), fact.value.as_f64()))
        .collect();
    assert_eq!(
        facts,
        [
            ("objective_availability", Some(99.9)),
            ("objective_latency_p95", Some(200.0))
        ]
    );
    assert!(analysis.services.is_empty(), "an objective makes no service");
}

#[test]
fn a_service_file_gives_its_service_and_a_template_gives_nothing() {
    let yaml =
        "service:\n  name: web\n  port: ${PORT:-8001}\ndependencies:\n  api:\n    health_url: http://api:8002/health\n";
    let analysis = import(&[("web.yaml", yaml), ("api.yaml", "service: {name: api, port: 8002}")]);
    assert_eq!(needs(service(&analysis, "web")), ["api:hard"]);
    let port = analysis
        .facts
        .iter()
        .find(|fact| fact.field == "port" && fact.service.as_str() == "web")
        .unwrap();
    assert_eq!(port.value, 8001);
    for template in [
        "service: {name: a_<name>, port: <port>}",
        "# This is a template\nservice: {name: web, port: 1}",
    ] {
        let analysis = import(&[("x.yaml", template)]);
        assert!(analysis.services.is_empty(), "{template}");
        assert_eq!(analysis.files[0].status, FileStatus::Recognised);
    }
}

#[test]
fn compose_gives_published_health_and_start_order() {
    let yaml = r#"
services:
  web:
    image: web
    ports: ["127.0.0.1:${PORT:-9000}:80/tcp"]
    healthcheck: {test: "curl -f 'http://localhost:80/health' || exit 1"}
    depends_on: {db: {condition: service_healthy}, cache: {condition: service_started, required: false}}
  db: {image: postgres, expose: ["5432"]}
  cache:
    image: redis
    ports:
      - {target: 6379, published: "6380"}
    healthcheck: {test: [CMD, redis-cli, ping]}
"#;
    let analysis = import(&[("docker-compose.yml", yaml)]);
    let web = service(&analysis, "web");
    assert_eq!(url(web, "health"), "http://localhost:9000/health");
    assert_eq!(needs(web), ["cache:soft", "db:hard"]);
    assert_eq!(analysis.files[0].services, 3);
    assert!(codes(&analysis).is_empty(), "{:?}", analysis.findings);
}

const KUBERNETES: &str = r"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: shop/web:1
          ports: [{containerPort: 8080, name: http}]
          livenessProbe: {httpGet: {path: /live, port: http}}
          readinessProbe: {httpGet: {path: /ready, port: 8080}, timeoutSeconds: 2}
---
apiVersion: v1
kind: Service
metadata: {name: web-front, namespace: shop}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: http}]
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: job, image: x}]}}}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: front, namespace: shop}
spec: {rules: [{http: {paths: [{backend: {service: {name: web-front, port: {number: 80}}}}]}}]}
";

#[test]
fn kubernetes_joins_a_workload_with_the_service_that_leads_to_it() {
    let analysis = import(&[("k8s.yaml", KUBERNETES)]);
    assert_eq!(analysis.services.len(), 1, "{:?}", analysis.services);
    let web = service(&analysis, "web");
    assert_eq!(url(web, "liveness"), "http://web-front.shop.svc:80/live");
    assert_eq!(url(web, "readiness"), "http://web-front.shop.svc:80/ready");
    assert!(codes(&analysis).is_empty(), "{:?}", analysis.findings);
}

#[test]
fn prometheus_adds_a_metrics_endpoint_to_known_services_only() {
    let config =
        "scrape_configs:\n  - job_name: a\n    static_configs: [{targets: ['web:80', 'stranger:1', 'localhost:9']}]\n";
    let analysis = import(&[
        ("prometheus.yml", config),
        ("compose.yml", "services: {web: {image: w, ports: ['80:80']}}"),
    ]);
    assert_eq!(analysis.services.len(), 1);
    assert_eq!(url(service(&analysis, "web"), "metrics"), "http://web:80/metrics");
}

#[test]
fn backstage_components_become_services_and_resources_do_not() {
    let yaml = r#"
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: web
  description: The shop
  links: [{url: "https://wiki.example/web", title: Runbook}]
spec:
  owner: group:default/team-a
  dependsOn: ["component:default/api", "resource:db", api2]
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: api}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: api2}
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {name: db}
"#;
    let analysis = import(&[("catalog-info.yaml", yaml)]);
    let web = service(&analysis, "web");
    assert_eq!(
        (web.owner.as_deref(), web.description.as_deref()),
        (Some("team-a"), Some("The shop"))
    );
    assert_eq!(web.links.len(), 1);
    assert_eq!(needs(web), ["api:hard", "api2:hard"]);
    assert_eq!(analysis.services.len(), 3);
}

#[test]
fn every_file_is_listed_with_what_became_of_it() {
    use FileStatus::{Failed, Recognised, Superseded, Unknown};
    let analysis = import(&[
        ("Dockerfile", "FROM scratch"),
        ("chart/templates/a.yaml", "a: {{ .Values.b }}"),
        (".github/workflows/ci.yml", "on: push\njobs: {}"),
        ("alertmanager.yml", "route: {}\nreceivers: []"),
        ("dash.json", "{\"panels\": []}"),
        ("oncall.json", "{\"rotation\": {}}"),
        ("breakers.json", "{\"defaults\": {\"failure_threshold\": 5}}"),
        ("schema.json", "{\"$schema\": \"x\", \"properties\": {}}"),
        ("notes.yaml", "# nothing\n"),
        ("what.bin", "\u{0}\u{1}"),
        ("odd.yaml", "a: 1"),
        ("broken.json", "{"),
        ("x/broken.json", "{"),
    ]);
    let listed: Vec<(&str, &str, FileStatus)> = analysis
        .files
        .iter()
        .map(|file| (file.path.as_str(), file.kind.as_str(), file.status))
        .collect();
    assert_eq!(
        listed,
        [
            (".github/workflows/ci.yml", "ci-workflow", Recognised),
            ("Dockerfile", "dockerfile", Recognised),
            ("alertmanager.yml", "alertmanager", Recognised),
            ("breakers.json", "circuit-breakers", Recognised),
            ("broken.json", "unknown", Failed),
            ("chart/templates/a.yaml", "helm-template", Recognised),
            ("dash.json", "grafana-dashboard", Recognised),
            ("notes.yaml", "empty", Recognised),
            ("odd.yaml", "unknown", Unknown),
            ("oncall.json", "on-call", Recognised),
            ("schema.json", "json-schema", Recognised),
            ("what.bin", "unknown", Unknown),
            ("x/broken.json", "unknown", Superseded),
        ]
    );
    assert!(
        analysis.files.iter().all(|file| !file.note.is_empty()),
        "{:?}",
        analysis.files
    );
}
