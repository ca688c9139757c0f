//! The use cases on both databases: what a person edits, what imports bring, and who wins.

use mainstay_kernel::{Actor, ManualClock};
use mainstay_testkit::TestDatabase;
use serde_json::Value;

use super::*;
use crate::{
    import::InputFile,
    model::{Dependency, Endpoint, EndpointKind, ManagedBy, Tier},
    report::{Change, ChangeKind, Import},
    store::MIGRATIONS,
};

mod declared;
mod edits;
mod identity;
mod imports;
mod sources;

async fn open(database: &TestDatabase) -> (Catalog, std::sync::Arc<ManualClock>) {
    let (world, clock) = mainstay_testkit::world();
    let database = Database::clone(database);
    (Catalog::new(database, world, EventHub::new()).await.unwrap(), clock)
}

fn name(text: &str) -> ServiceName {
    ServiceName::parse(text).unwrap()
}

fn scope() -> Scope {
    Scope::default()
}

fn new(text: &str) -> NewService {
    NewService {
        name: name(text),
        description: None,
        owner: None,
        tier: None,
        links: None,
        endpoints: None,
        dependencies: None,
    }
}

fn edit_of(service: &Service) -> ServiceEdit {
    ServiceEdit {
        description: service.description.clone(),
        owner: service.owner.clone(),
        tier: service.tier,
        links: service.links.clone(),
        endpoints: service.endpoints.clone(),
        dependencies: service.dependencies.clone(),
    }
}

fn file(path: &str, content: &str) -> InputFile {
    InputFile {
        path: path.to_owned(),
        bytes: content.as_bytes().to_vec(),
    }
}

/// A registry in the shape of the platform's own, with an owner for `api`.
fn registry(version: &str, owner: &str, services: &[&str]) -> String {
    let entries: Vec<String> = services
        .iter()
        .zip(8001..)
        .map(|(service, port)| {
            let dependencies = if *service == "fks_web" { r#"["fks_api"]"# } else { "[]" };
            format!(
                r#""{service}": {{"name": "{service}", "port": {port}, "owner": "{owner}",
                   "base_url": "http://{service}:{port}", "health_url": "http://{service}:{port}/health",
                   "dependencies": {dependencies}}}"#
            )
        })
        .collect();
    format!(r#"{{"version": "{version}", "services": {{{}}}}}"#, entries.join(",\n"))
}

async fn import(catalog: &Catalog, files: Vec<InputFile>) -> Import {
    catalog
        .import(&scope(), &Actor::Local, ImportRequest::of(files))
        .await
        .unwrap()
}

fn names(catalog: &Catalog) -> Vec<String> {
    let fleet = catalog.fleet(&Environment::production());
    fleet.services().map(|service| service.name.to_string()).collect()
}

fn change<'report>(
    report: &'report Import,
    kind: ChangeKind,
    service: &str,
    field: Option<&str>,
) -> Option<&'report Change> {
    report
        .changes
        .iter()
        .find(|change| change.change == kind && change.service.as_str() == service && change.field.as_deref() == field)
}
