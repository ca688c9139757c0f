//! The import as a whole, on small fleets written here.

mod clean;
mod hostile;
mod mainstay_yaml;
mod precedence;
mod rules;
mod sources;
mod undefined;

use super::{Analysis, Finding, ImportOptions, InputFile, analyse};
use crate::model::ServiceSpec;

fn files(files: &[(&str, &str)]) -> Vec<InputFile> {
    let file = |(path, text): &(&str, &str)| InputFile {
        path: (*path).to_owned(),
        bytes: text.as_bytes().to_vec(),
    };
    files.iter().map(file).collect()
}

fn import(given: &[(&str, &str)]) -> Analysis {
    analyse(files(given), &ImportOptions::default())
}

fn codes(analysis: &Analysis) -> Vec<&str> {
    analysis.findings.iter().map(|finding| finding.code).collect()
}

/// The only finding of a code.
fn only<'a>(analysis: &'a Analysis, code: &str) -> &'a Finding {
    let found: Vec<&Finding> = analysis
        .findings
        .iter()
        .filter(|finding| finding.code == code)
        .collect();
    match found.as_slice() {
        [one] => one,
        other => panic!("{code} was found {} times: {:#?}", other.len(), analysis.findings),
    }
}

fn service<'a>(analysis: &'a Analysis, name: &str) -> &'a ServiceSpec {
    let names: Vec<&str> = analysis.services.iter().map(|service| service.name.as_str()).collect();
    let found = analysis.services.iter().find(|service| service.name.as_str() == name);
    found.unwrap_or_else(|| panic!("{name} is not among {names:?}"))
}

fn url(service: &ServiceSpec, kind: &str) -> String {
    let endpoint = service.endpoints.iter().find(|endpoint| endpoint.kind.as_str() == kind);
    endpoint.map(|endpoint| endpoint.url.clone()).unwrap_or_default()
}

fn needs(service: &ServiceSpec) -> Vec<String> {
    service
        .dependencies
        .iter()
        .map(|dependency| format!("{}:{}", dependency.service, dependency.kind))
        .collect()
}

/// A registry with one service for each `(name, port, dependencies)`.
fn registry(version: &str, services: &[(&str, u16, &[&str])]) -> String {
    let services: serde_json::Map<String, serde_json::Value> = services
        .iter()
        .map(|(name, port, dependencies)| {
            let host = name.replace('_', "-");
            let entry = serde_json::json!({
                "name": name,
                "port": port,
                "base_url": format!("http://{host}:{port}"),
                "health_url": format!("http://{host}:{port}/health"),
                "dependencies": dependencies,
            });
            ((*name).to_owned(), entry)
        })
        .collect();
    serde_json::to_string_pretty(&serde_json::json!({
        "version": version,
        "updated": format!("2026-01-0{}T00:00:00", version.chars().last().unwrap()),
        "services": services,
    }))
    .unwrap()
}
