//! What every operation of the API owes its readers, checked on the document that a running server answers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Routes, openapi_document};

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// One operation of the document: its method and path, and what is said about it.
struct Operation {
    name: String,
    value: Value,
    /// Whether the caller sends anything that could be wrong: parameters of the operation or its path, or a body.
    takes_input: bool,
}

fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(openapi_document()).unwrap();
    let some = |value: &Value| value["parameters"].as_array().is_some_and(|all| !all.is_empty());
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS {
            if let Some(value) = item.get(method) {
                found.push(Operation {
                    name: format!("{} {path}", method.to_uppercase()),
                    takes_input: some(item) || some(value) || value.get("requestBody").is_some(),
                    value: value.clone(),
                });
            }
        }
    }
    assert!(found.len() > 50, "the document lists {} operations", found.len());
    found
}

/// The names of the operations that break a rule, to be compared with none.
fn breaking(broken: impl Fn(&Operation) -> bool) -> Vec<String> {
    operations()
        .into_iter()
        .filter(|operation| broken(operation))
        .map(|operation| operation.name)
        .collect()
}

fn none() -> Vec<String> {
    Vec::new()
}

#[test]
fn every_operation_declares_the_permission_it_needs() {
    let well_formed = |permission: &str| {
        permission == "public"
            || permission.split_once(':').is_some_and(|(what, right)| {
                [what, right]
                    .iter()
                    .all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
            })
    };
    assert_eq!(
        breaking(|operation| !operation.value["x-permission"].as_str().is_some_and(well_formed)),
        none()
    );
}

#[test]
fn only_health_and_the_way_in_are_public() {
    let public: BTreeSet<_> = breaking(|operation| operation.value["x-permission"] == "public")
        .into_iter()
        .collect();
    assert_eq!(
        public,
        BTreeSet::from(
            [
                "GET /.well-known/jwks.json",
                "GET /.well-known/openid-configuration",
                "GET /api/v1/auth/config",
                "GET /api/v1/auth/health",
                "GET /health",
                "GET /live",
                "GET /ready",
                "POST /api/v1/auth/links/look",
                "POST /api/v1/auth/links/redeem",
                "POST /api/v1/auth/login",
                "POST /api/v1/auth/oauth/revoke",
                "POST /api/v1/auth/refresh",
            ]
            .map(str::to_owned)
        )
    );
}

#[test]
fn every_operation_has_an_id_of_its_own() {
    let ids: Vec<_> = operations()
        .into_iter()
        .map(|operation| operation.value["operationId"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert!(!ids.iter().any(String::is_empty), "{ids:?}");
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
}

#[test]
fn every_operation_that_takes_input_says_how_it_refuses_it() {
    assert_eq!(
        breaking(|operation| operation.takes_input
            && !operation.value["responses"]
                .as_object()
                .is_some_and(|responses| responses.keys().any(|status| status.starts_with('4')))),
        none()
    );
}

#[test]
fn every_refusal_is_a_problem_document() {
    assert_eq!(
        breaking(|operation| operation.value["responses"]
            .as_object()
            .is_none_or(|responses| responses.iter().any(|(status, response)| {
                status.starts_with('4') && response.pointer("/content/application~1problem+json/schema").is_none()
            }))),
        none()
    );
}

#[test]
fn no_two_modules_mean_different_things_by_one_name() {
    let routes = Routes::new();
    let documents = [
        routes.mainstay.into_openapi(),
        routes.operate.into_openapi(),
        routes.events.into_openapi(),
        routes.health.into_openapi(),
        routes.catalog.into_openapi(),
        routes.watch.into_openapi(),
        routes.slo.into_openapi(),
        routes.auth.into_openapi(),
    ];
    let mut known: BTreeMap<String, Value> = BTreeMap::new();
    let mut torn = BTreeSet::new();
    for document in documents {
        let document = serde_json::to_value(document).unwrap();
        for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
            if known.entry(name.clone()).or_insert_with(|| schema.clone()) != schema {
                torn.insert(name.clone());
            }
        }
    }
    assert_eq!(torn, BTreeSet::new());
}
