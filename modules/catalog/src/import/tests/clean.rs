//! A fleet described by every format without a contradiction: the import has nothing to say.

use super::{import, needs, only, registry, service, url};

pub(super) const KUBERNETES: &str = r"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: example.org/shop/web:1.4.2
          ports:
            - {containerPort: 8001, name: http}
          livenessProbe:
            httpGet: {path: /health, port: http}
            timeoutSeconds: 2
          readinessProbe:
            httpGet: {path: /ready, port: 8001}
            timeoutSeconds: 2
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{port: 8001, targetPort: http}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: front, namespace: shop}
spec:
  rules:
    - http:
        paths:
          - path: /
            backend: {service: {name: web, port: {number: 8001}}}
";

pub(super) const MAINSTAY: &str = r#"
apiVersion: mainstay/v1
kind: Service
metadata: {name: web}
spec:
  owner: shop
  tier: critical
  dependencies: [{service: api, kind: hard}]
  endpoints: {health: "http://web:8001/health", readiness: "http://web:8001/ready"}
---
apiVersion: mainstay/v1
kind: Slo
metadata: {name: web-available}
spec: {service: web, objective: 99.9, window: 30d}
"#;

const COMPOSE: &str = r#"
services:
  web:
    image: example.org/shop/web:1.4.2
    ports: ["8001:8001"]
    depends_on: {api: {condition: service_healthy}}
    healthcheck: {test: [CMD, curl, -f, "http://localhost:8001/health"]}
  api:
    image: example.org/shop/api:2.0.0
    expose: ["8002"]
    healthcheck: {test: [CMD, curl, -f, "http://localhost:8002/health"]}
    depends_on: [db]
  db:
    image: postgres:17
"#;

const PROMETHEUS: &str = r#"
global: {scrape_interval: 15s, external_labels: {cluster: "${CLUSTER}"}}
rule_files: [rules/*.yml]
scrape_configs:
  - job_name: shop
    static_configs:
      - targets: ["web:8001", "api:8002", "localhost:9090"]
"#;

const RULES: &str = r#"
groups:
  - name: shop
    rules:
      - record: web:error_budget:remaining
        expr: (0.001 - web:error_rate:ratio) / 0.001
      - alert: Down
        expr: up{job="shop"} == 0
        annotations: {summary: "{{ $labels.instance }} is down"}
"#;

const SLOS: &str = r#"{"version": "1.0", "services": {
  "web": {"availability": 99.9, "latency_p95": 400, "error_rate": 0.1, "error_budget": 0.1, "monthly_downtime_minutes": 43.2},
  "api": {"availability": 99.5, "latency_p95": 900, "error_budget": 0.5, "weekly_downtime_minutes": 50.4}
}}"#;

const SERVICE_YAML: &str = "service: {name: api, port: 8002}\ndependencies: {}\n";

const BACKSTAGE: &str =
    "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: api}\nspec: {type: service, owner: shop}\n";

#[test]
fn a_clean_fleet_has_no_findings() {
    let registry = registry("1.0", &[("web", 8001, &["api"]), ("api", 8002, &[])]);
    let analysis = import(&[
        ("service_registry.json", &registry),
        ("slos.json", SLOS),
        ("services/api.yaml", SERVICE_YAML),
        ("docker-compose.yml", COMPOSE),
        ("k8s/web.yaml", KUBERNETES),
        ("monitoring/prometheus.yml", PROMETHEUS),
        ("monitoring/rules/shop.yml", RULES),
        ("mainstay/web.yaml", MAINSTAY),
        ("catalog-info.yaml", BACKSTAGE),
    ]);
    assert_eq!(analysis.findings, [], "{:#?}", analysis.findings);
    let web = service(&analysis, "web");
    assert_eq!(
        (web.owner.as_deref(), needs(web)),
        (Some("shop"), vec!["api:hard".to_owned()])
    );
    assert_eq!(url(web, "metrics"), "http://web:8001/metrics");
    assert_eq!(analysis.services.len(), 3);
}

#[test]
fn one_wrong_number_in_a_clean_fleet_is_the_only_finding() {
    let registry = registry("1.0", &[("web", 8001, &["api"]), ("api", 8003, &[])]);
    let analysis = import(&[
        ("service_registry.json", &registry),
        ("services/api.yaml", SERVICE_YAML),
    ]);
    let finding = only(&analysis, "port-drift");
    assert_eq!((finding.file.as_str(), finding.line), ("services/api.yaml", 1));
    assert_eq!(finding.also[0].file, "service_registry.json");
    assert_eq!(analysis.findings.len(), 1);
}
