//! The use cases of the catalog: load, decide, save, announce. Knows no SQL and no HTTP.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use mainstay_http::EventHub;
use mainstay_kernel::{Cursor, Environment, Page, PageRequest, Scope, World};
use mainstay_runtime::{Latest, Tasks};
use mainstay_store::{Database, StoreError};
use serde_json::json;
use tokio::sync::Mutex;

use crate::{
    declarations::DeclarationValidator,
    error::CatalogError,
    facts::{Group, Place},
    fleet::Fleet,
    followers::{Follower, Followers},
    model::{Declaration, DependencyKind, Fact, Service, ServiceName, Source},
    snapshot::Snapshot,
    store::Store,
};

mod configured;
mod declared;
mod edit;
mod files;
mod import;
mod plan;
mod request;
mod subjects;

pub use edit::{NewService, ServiceEdit};
pub use request::ImportRequest;

/// How often another replica's changes are looked for.
const FOLLOW_EVERY: Duration = Duration::from_secs(5);
/// How long an answer waits to learn whether the catalog has changed elsewhere.
const CATCH_UP_LIMIT: Duration = Duration::from_millis(500);

/// Every environment's fleet, as handed to those who follow the catalog.
pub type Fleets = Arc<BTreeMap<Environment, Arc<Fleet>>>;

/// The catalog: which services exist, who owns them, what they depend on, and where each fact came from. Cheap to clone.
#[derive(Clone)]
pub struct Catalog {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    world: World,
    hub: EventHub,
    validators: RwLock<Vec<Arc<dyn DeclarationValidator>>>,
    snapshot: RwLock<Arc<Snapshot>>,
    fleets: Latest<Fleets>,
    followers: Followers,
    /// Held while the snapshot is replaced, so that an older one never follows a newer one.
    refreshing: Mutex<()>,
}

impl std::fmt::Debug for Catalog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Catalog")
            .field("version", &self.snapshot().version)
            .finish_non_exhaustive()
    }
}

/// A dependency and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourcedEdge {
    /// The service that needs.
    pub from: ServiceName,
    /// The service that is needed; it may not exist.
    pub to: ServiceName,
    /// How badly.
    pub kind: DependencyKind,
    /// Who says so.
    pub source: Option<Source>,
}

impl Catalog {
    /// Opens the catalog and loads its first snapshot.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn new(database: Database, world: World, hub: EventHub) -> Result<Self, StoreError> {
        let store = Store::new(database);
        let snapshot = Snapshot::load(&store).await?;
        let fleets = Latest::new(snapshot.fleets.clone());
        Ok(Self {
            inner: Arc::new(Inner {
                store,
                world,
                hub,
                validators: RwLock::default(),
                snapshot: RwLock::new(Arc::new(snapshot)),
                fleets,
                followers: Followers::default(),
                refreshing: Mutex::new(()),
            }),
        })
    }

    /// Starts following changes that other replicas make to the same database.
    pub fn start(&self, tasks: &Tasks) {
        let catalog = self.clone();
        tasks.spawn("catalog.follow", |context| async move {
            while context.sleep(FOLLOW_EVERY).await {
                match catalog.follow().await {
                    Ok(true) => context.ran(format!("loaded version {}", catalog.snapshot().version)),
                    Ok(false) => context.ran("nothing new"),
                    Err(error) => context.failed(error),
                }
            }
            Ok::<(), std::convert::Infallible>(())
        });
    }

    /// Takes over what other replicas have committed by now, so that whoever was answered by one of them can go on here. When
    /// the database does not say soon whether there is anything, what is known has to do.
    pub async fn catch_up(&self) {
        if !self.inner.store.is_shared() {
            return;
        }
        let Ok(Ok(version)) = tokio::time::timeout(CATCH_UP_LIMIT, self.inner.store.version(&Scope::default())).await
        else {
            return;
        };
        if version != self.snapshot().version
            && let Err(error) = self.refresh().await
        {
            tracing::warn!(%error, "the catalog changed elsewhere and could not be loaded yet");
        }
    }

    /// Adds a judge of declarations; for the modules above, before the first import.
    pub fn add_validator(&self, validator: Arc<dyn DeclarationValidator>) {
        self.inner
            .validators
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(validator);
    }

    /// Follows the fleets: the follower holds the newest snapshot of every environment and ticks after every change of
    /// services or declarations.
    pub fn fleets(&self) -> mainstay_runtime::Follower<Fleets> {
        self.inner.fleets.follow()
    }

    /// Joins those for whom an import waits before it answers: they take up the state of [`Catalog::fleets`] whenever that
    /// ticks, and say so.
    pub fn follower(&self) -> Follower {
        self.inner.followers.join()
    }

    /// The number of the present state.
    pub fn version(&self) -> i64 {
        self.snapshot().version
    }

    /// The fleet of one environment now; an empty one for an environment without services.
    pub fn fleet(&self, environment: &Environment) -> Arc<Fleet> {
        let snapshot = self.snapshot();
        snapshot
            .fleets
            .get(environment)
            .cloned()
            .unwrap_or_else(|| Arc::new(Fleet::empty(environment.clone())))
    }

    /// The declarations of one kind in every environment, by name. Where several files declare the same one, the source
    /// of the highest precedence is taken.
    pub fn declarations(&self, kind: &str) -> Vec<Declaration> {
        self.snapshot().declarations.get(kind).cloned().unwrap_or_default()
    }

    /// A page of the services, by name.
    ///
    /// # Errors
    /// When the cursor is of another list.
    pub fn services(&self, scope: &Scope, page: &PageRequest) -> Result<Page<Service>, mainstay_kernel::InvalidCursor> {
        let after: Option<ServiceName> = page.cursor.as_ref().map(|cursor| cursor.part(0)).transpose()?;
        let fleet = self.fleet(&scope.environment);
        let services: Vec<Service> = fleet
            .services_after(after.as_ref())
            .iter()
            .take(page.limit.saturating_add(1))
            .cloned()
            .collect();
        Ok(Page::from_overfetch(services, page.limit, |service| {
            Cursor::of(&service.name)
        }))
    }

    /// One service.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn service(&self, scope: &Scope, name: &ServiceName) -> Result<Service, CatalogError> {
        self.fleet(&scope.environment)
            .service(name)
            .cloned()
            .ok_or_else(|| CatalogError::NoService {
                name: name.clone(),
                environment: scope.environment.clone(),
            })
    }

    /// Every value that every source gives for a service, the winner of each field first.
    ///
    /// # Errors
    /// When there is no such service or the database fails.
    pub async fn facts(&self, scope: &Scope, name: &ServiceName) -> Result<Vec<Fact>, CatalogError> {
        self.service(scope, name)?;
        let facts = self.inner.store.facts_of(scope, name).await?;
        let group = Group::decide(facts, &std::collections::HashSet::new());
        Ok(group.facts.into_iter().map(|known| known.fact).collect())
    }

    /// Every dependency in force, by name, those on undefined names included.
    pub fn edges(&self, scope: &Scope) -> Vec<SourcedEdge> {
        let snapshot = self.snapshot();
        let fleet = self.fleet(&scope.environment);
        let mut edges = Vec::new();
        for service in fleet.services() {
            let sources = snapshot.dependency_sources(&scope.environment, &service.name);
            for (at, dependency) in service.dependencies.iter().enumerate() {
                edges.push(SourcedEdge {
                    from: service.name.clone(),
                    to: dependency.service.clone(),
                    kind: dependency.kind,
                    source: sources.get(at).cloned(),
                });
            }
        }
        edges
    }

    /// The HTTP routes of the catalog, under `/api/v1`.
    pub fn routes() -> utoipa_axum::router::OpenApiRouter<Self> {
        crate::api::routes()
    }

    /// Every service there is, in every environment.
    fn known_places(&self) -> BTreeSet<Place> {
        let snapshot = self.snapshot();
        let fleets = snapshot.fleets.iter();
        fleets
            .flat_map(|(environment, fleet)| {
                let services = fleet.services();
                services.map(|service| (environment.clone(), service.name.clone()))
            })
            .collect()
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        self.inner
            .snapshot
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Loads the newest state and hands it to everybody who follows.
    async fn refresh(&self) -> Result<(), StoreError> {
        let _guard = self.inner.refreshing.lock().await;
        let snapshot = Arc::new(Snapshot::load(&self.inner.store).await?);
        let (version, fleets) = (snapshot.version, snapshot.fleets.clone());
        *self.inner.snapshot.write().unwrap_or_else(PoisonError::into_inner) = snapshot;
        self.inner.fleets.set(fleets);
        self.inner.hub.publish("catalog", &json!({ "version": version }));
        Ok(())
    }

    /// Refreshes after a commit. The change is durable by then, so a failure here must not be answered as if it were not:
    /// it is logged, and the follower loads the state later.
    async fn refresh_after_commit(&self) {
        if let Err(error) = self.refresh().await {
            tracing::warn!(%error, "the catalog changed and could not be loaded again yet");
        }
    }

    /// Loads the state if it changed elsewhere.
    async fn follow(&self) -> Result<bool, StoreError> {
        let version = self.inner.store.version(&Scope::default()).await?;
        let changed = version != self.snapshot().version;
        if changed {
            self.refresh().await?;
        }
        Ok(changed)
    }
}

#[cfg(test)]
mod tests;
