//! Everything the catalog holds in memory: one consistent reading of the database, replaced as a whole.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use mainstay_kernel::{Environment, Scope};
use mainstay_store::StoreError;

use crate::{
    declarations::in_force,
    fleet::Fleet,
    model::{Declaration, Service, ServiceName, Source},
    service::Fleets,
    store::Store,
};

/// One state of the catalog.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// The number of the state.
    pub(crate) version: i64,
    /// There is always a fleet for production, so that a new installation has an empty one rather than none.
    pub(crate) fleets: Fleets,
    /// By kind.
    pub(crate) declarations: HashMap<String, Vec<Declaration>>,
    dependency_sources: HashMap<Environment, HashMap<ServiceName, Vec<Source>>>,
}

impl Snapshot {
    /// Reads the newest state. The version is read first: if the rest is newer, the next look finds another version and
    /// loads again.
    pub(crate) async fn load(store: &Store) -> Result<Self, StoreError> {
        let scope = Scope::default();
        let version = store.version(&scope).await?;
        let stored = store.services(&scope).await?;
        let declarations = store.declarations(&scope).await?;
        let declarations: Vec<Declaration> = declarations.into_iter().map(|known| known.declaration).collect();

        let mut services: BTreeMap<Environment, Vec<Service>> = BTreeMap::new();
        services.entry(scope.environment).or_default();
        for declaration in &declarations {
            services.entry(declaration.environment.clone()).or_default();
        }
        let mut dependency_sources: HashMap<Environment, HashMap<ServiceName, Vec<Source>>> = HashMap::new();
        for stored in stored {
            let service = stored.service;
            if !stored.dependency_sources.is_empty() {
                dependency_sources
                    .entry(service.environment.clone())
                    .or_default()
                    .insert(service.name.clone(), stored.dependency_sources);
            }
            services.entry(service.environment.clone()).or_default().push(service);
        }
        let fleets = services
            .into_iter()
            .map(|(environment, services)| {
                (
                    environment.clone(),
                    Arc::new(Fleet::new(environment, version, services)),
                )
            })
            .collect();
        Ok(Self {
            version,
            fleets: Arc::new(fleets),
            declarations: by_kind(declarations),
            dependency_sources,
        })
    }

    /// Who names each dependency of a service, in the order of its dependencies.
    pub(crate) fn dependency_sources(&self, environment: &Environment, name: &ServiceName) -> &[Source] {
        self.dependency_sources
            .get(environment)
            .and_then(|services| services.get(name))
            .map_or(&[], Vec::as_slice)
    }
}

/// Declarations in force by kind, sorted by environment and name.
fn by_kind(declarations: Vec<Declaration>) -> HashMap<String, Vec<Declaration>> {
    let mut kinds: HashMap<String, Vec<Declaration>> = HashMap::new();
    for declaration in in_force(declarations) {
        kinds.entry(declaration.kind.clone()).or_default().push(declaration);
    }
    kinds
}
