//! What a person does to one service: create, change, delete. An edit becomes the person's facts, which win over every
//! file, now and after every later import.

use std::collections::{BTreeSet, HashSet};

use mainstay_kernel::{Actor, Scope, to_micros};

use super::Catalog;
use crate::{
    error::CatalogError,
    facts::{Decided, FileId, Group, KnownFact, created, edited, tombstone},
    model::{
        Dependency, Endpoint, EndpointKind, Fact, Link, ManagedBy, Service, ServiceName, ServiceSpec, Tier, field,
    },
    store::{EditAction, StoredService},
    validate,
};

/// A service to be created. What is `None` was not given and is left to later imports.
#[derive(Debug, Clone)]
pub struct NewService {
    /// Its name.
    pub name: ServiceName,
    /// What it does.
    pub description: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// How much it matters.
    pub tier: Option<Tier>,
    /// Pages about it.
    pub links: Option<Vec<Link>>,
    /// Where it can be reached.
    pub endpoints: Option<Vec<Endpoint>>,
    /// What it needs.
    pub dependencies: Option<Vec<Dependency>>,
}

/// What a service shall be from now on, as a whole.
#[derive(Debug, Clone)]
pub struct ServiceEdit {
    /// What it does.
    pub description: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// How much it matters.
    pub tier: Tier,
    /// Pages about it.
    pub links: Vec<Link>,
    /// Where it can be reached.
    pub endpoints: Vec<Endpoint>,
    /// What it needs.
    pub dependencies: Vec<Dependency>,
}

impl Catalog {
    /// Creates a service.
    ///
    /// # Errors
    /// When the name is taken, a field is wrong, or the database fails.
    pub async fn create(&self, scope: &Scope, actor: &Actor, new: NewService) -> Result<Service, CatalogError> {
        let given = given_fields(&new);
        let spec = ServiceSpec {
            name: new.name,
            environment: scope.environment.clone(),
            description: new.description,
            owner: new.owner,
            tier: new.tier.unwrap_or_default(),
            links: new.links.unwrap_or_default(),
            endpoints: new.endpoints.unwrap_or_default(),
            dependencies: new.dependencies.unwrap_or_default(),
        };
        let fleet = self.fleet(&scope.environment);
        refuse(validate::service(&spec, |name| fleet.service(name).is_some()))?;
        let spec = canonical(spec);

        let inner = &self.inner;
        let mut tx = inner.store.begin().await?;
        inner.store.lock(&mut tx, scope).await?;
        if inner.store.service_in(&mut tx, scope, &spec.name).await?.is_some() {
            return Err(CatalogError::Exists {
                name: spec.name,
                environment: scope.environment.clone(),
            });
        }
        // Files may know a service that a person deleted: creating it again brings it back.
        let mut group = self.group(&mut tx, scope, &spec.name).await?;
        group.facts.retain(|known| !known.is_person());
        let stored = self
            .save(&mut tx, scope, &spec.name, group.facts, created(&spec, &given), None)
            .await?;
        let service = stored.service;
        self.record(&mut tx, scope, actor, EditAction::Created, None, Some(&service))
            .await?;
        tx.commit().await?;
        self.refresh_after_commit().await;
        Ok(service)
    }

    /// Makes the service what the edit says. `based_on` is the version the person saw.
    ///
    /// # Errors
    /// When there is no such service, a file manages it, it changed since, a field is wrong, or the database fails.
    pub async fn replace(
        &self,
        scope: &Scope,
        actor: &Actor,
        name: &ServiceName,
        based_on: Option<i64>,
        edit: ServiceEdit,
    ) -> Result<Service, CatalogError> {
        let inner = &self.inner;
        let mut tx = inner.store.begin().await?;
        inner.store.lock(&mut tx, scope).await?;
        let before = self.editable(&mut tx, scope, name, based_on).await?;
        let spec = ServiceSpec {
            name: name.clone(),
            environment: scope.environment.clone(),
            description: edit.description,
            owner: edit.owner,
            tier: edit.tier,
            links: edit.links,
            endpoints: edit.endpoints,
            dependencies: edit.dependencies,
        };
        let was = before.service.spec();
        let fleet = self.fleet(&scope.environment);
        // A name that is undefined already may stay: refusing it would make every other edit impossible.
        let known = |other: &ServiceName| {
            fleet.service(other).is_some() || was.dependencies.iter().any(|dependency| dependency.service == *other)
        };
        refuse(validate::service(&spec, known))?;
        let spec = canonical(spec);
        if spec == was {
            return Ok(before.service);
        }

        let group = self.group(&mut tx, scope, name).await?;
        let person = edited(&group.person(), &was, &spec, group.files_say().as_ref());
        let files = group.facts.into_iter().filter(|known| !known.is_person()).collect();
        let stored = self.save(&mut tx, scope, name, files, person, Some(&before)).await?;
        let service = stored.service;
        self.record(
            &mut tx,
            scope,
            actor,
            EditAction::Changed,
            Some(&before.service),
            Some(&service),
        )
        .await?;
        tx.commit().await?;
        self.refresh_after_commit().await;
        Ok(service)
    }

    /// Deletes the service. If files know it, they keep being listened to but do not bring it back; creating it again does.
    ///
    /// # Errors
    /// When there is no such service, a file manages it, it changed since, or the database fails.
    pub async fn delete(
        &self,
        scope: &Scope,
        actor: &Actor,
        name: &ServiceName,
        based_on: Option<i64>,
    ) -> Result<(), CatalogError> {
        let inner = &self.inner;
        let mut tx = inner.store.begin().await?;
        inner.store.lock(&mut tx, scope).await?;
        let before = self.editable(&mut tx, scope, name, based_on).await?;
        let group = self.group(&mut tx, scope, name).await?;
        inner.store.delete_person_facts(&mut tx, scope, name).await?;
        if group.files_say().is_some() {
            let fact = tombstone(&before.service.spec());
            inner.store.insert_facts(&mut tx, &inner.world, scope, &[fact]).await?;
        }
        inner.store.delete_service(&mut tx, scope, name).await?;
        self.record(&mut tx, scope, actor, EditAction::Deleted, Some(&before.service), None)
            .await?;
        tx.commit().await?;
        self.refresh_after_commit().await;
        Ok(())
    }

    /// The service, if this caller may change it now.
    async fn editable(
        &self,
        tx: &mut mainstay_store::Transaction,
        scope: &Scope,
        name: &ServiceName,
        based_on: Option<i64>,
    ) -> Result<StoredService, CatalogError> {
        let stored = self
            .inner
            .store
            .service_in(tx, scope, name)
            .await?
            .ok_or_else(|| CatalogError::NoService {
                name: name.clone(),
                environment: scope.environment.clone(),
            })?;
        if stored.service.managed_by == ManagedBy::File {
            let source = stored.service.source.as_ref();
            return Err(CatalogError::FileManaged {
                what: name.to_string(),
                file: source.and_then(|source| source.file.clone()).unwrap_or_default(),
            });
        }
        if based_on.is_some_and(|version| version != stored.service.version) {
            return Err(CatalogError::Stale { name: name.clone() });
        }
        Ok(stored)
    }

    async fn group(
        &self,
        tx: &mut mainstay_store::Transaction,
        scope: &Scope,
        name: &ServiceName,
    ) -> Result<Group, CatalogError> {
        let facts = self.inner.store.facts_of_in(tx, scope, name).await?;
        // Which files manage is of no matter here: a service that one manages was refused before.
        Ok(Group::decide(facts, &HashSet::<FileId>::new()))
    }

    /// Replaces the person's facts of a service and saves what the service becomes by them.
    async fn save(
        &self,
        tx: &mut mainstay_store::Transaction,
        scope: &Scope,
        name: &ServiceName,
        files: Vec<KnownFact>,
        person: Vec<Fact>,
        before: Option<&StoredService>,
    ) -> Result<StoredService, CatalogError> {
        let inner = &self.inner;
        inner.store.delete_person_facts(tx, scope, name).await?;
        inner.store.insert_facts(tx, &inner.world, scope, &person).await?;
        let mut facts = files;
        facts.extend(person.into_iter().map(|fact| KnownFact {
            fact,
            imported_into: scope.environment.clone(),
        }));
        let decided = Group::decide(facts, &HashSet::new())
            .decided
            .ok_or_else(|| CatalogError::NoService {
                name: name.clone(),
                environment: scope.environment.clone(),
            })?;
        let stored = stored(decided, before, inner.world.now());
        inner
            .store
            .put_services(tx, scope, std::slice::from_ref(&stored))
            .await?;
        Ok(stored)
    }

    async fn record(
        &self,
        tx: &mut mainstay_store::Transaction,
        scope: &Scope,
        actor: &Actor,
        action: EditAction,
        before: Option<&Service>,
        after: Option<&Service>,
    ) -> Result<(), CatalogError> {
        let Some(service) = after.or(before) else { return Ok(()) };
        let inner = &self.inner;
        inner
            .store
            .record_edit(
                tx,
                inner.world.uuid(),
                scope,
                &service.name,
                inner.world.now(),
                actor,
                action,
                before,
                after,
            )
            .await?;
        Ok(())
    }
}

/// The row of a decided service, the next version of the one before.
pub(super) fn stored(decided: Decided, before: Option<&StoredService>, now: jiff::Timestamp) -> StoredService {
    let spec = decided.spec;
    // What is kept has whole microseconds; answering more would show a time that the next reading does not have.
    let now = mainstay_kernel::from_micros(to_micros(now));
    StoredService {
        service: Service {
            name: spec.name,
            description: spec.description,
            owner: spec.owner,
            tier: spec.tier,
            environment: spec.environment,
            links: spec.links,
            endpoints: spec.endpoints,
            dependencies: spec.dependencies,
            managed_by: decided.managed_by,
            source: decided.source,
            created_at: before.map_or(now, |before| before.service.created_at),
            updated_at: now,
            version: before.map_or(1, |before| before.service.version + 1),
        },
        dependency_sources: decided.dependency_sources,
    }
}

/// The same service with its lists in the order in which they are kept.
fn canonical(mut spec: ServiceSpec) -> ServiceSpec {
    spec.endpoints.sort_by_key(|endpoint| endpoint.kind);
    spec.dependencies.sort_by(|a, b| a.service.cmp(&b.service));
    spec
}

fn given_fields(new: &NewService) -> BTreeSet<&'static str> {
    let mut given = BTreeSet::new();
    for (present, name) in [
        (new.description.is_some(), field::DESCRIPTION),
        (new.owner.is_some(), field::OWNER),
        (new.tier.is_some(), field::TIER),
        (new.links.is_some(), field::LINK),
        (new.dependencies.is_some(), field::DEPENDENCY),
    ] {
        if present {
            given.insert(name);
        }
    }
    let endpoints = new.endpoints.iter().flatten();
    given.extend(endpoints.map(|endpoint| EndpointKind::field(endpoint.kind)));
    given
}

fn refuse(errors: Vec<mainstay_kernel::FieldError>) -> Result<(), CatalogError> {
    if errors.is_empty() {
        Ok(())
    } else {
        Err(CatalogError::Invalid(errors))
    }
}
