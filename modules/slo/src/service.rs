//! The use cases of promising: make, change, take back and read promises.

use std::{
    sync::{Arc, OnceLock, atomic::AtomicI64},
    time::Duration,
};

use jiff::Timestamp;
use mainstay_catalog::ManagedBy;
use mainstay_http::EventHub;
use mainstay_kernel::{Environment, FieldError, Micros, World, to_micros};
use mainstay_runtime::Latest;
use mainstay_store::{Database, StoreError, Transaction};
use mainstay_watch::Watch;

use crate::{
    alert::Fleets,
    error::SloError,
    known,
    ledger::{Ledger, Standing},
    model::{BurnDownPoint, Definition, Draft, Limits, Period, SloId, Validated, burn_down, validate},
    objective::Promise,
    sharing::Sharing,
    signal::SignalSink,
    store::{self, Kept},
};

/// How the module behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// What definitions must fit.
    pub limits: Limits,
    /// A burn-rate alert goes on at least this long after its short window last exceeded the factor; two probe intervals.
    pub resolve_hold: Duration,
}

impl Settings {
    fn hold(&self) -> Micros {
        Micros::try_from(self.resolve_hold.as_micros()).unwrap_or(Micros::MAX / 4)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            resolve_hold: Duration::from_secs(30),
        }
    }
}

/// The promises, their budgets and their burn-rate rules. Cheap to clone.
#[derive(Clone)]
pub struct Objectives {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) db: Database,
    pub(crate) world: World,
    pub(crate) hub: EventHub,
    pub(crate) settings: Latest<Settings>,
    pub(crate) ledger: Ledger,
    pub(crate) sink: Arc<dyn SignalSink>,
    /// Marks the counts this run writes.
    pub(crate) writer: i64,
    /// Which services there are to promise anything about.
    pub(crate) fleets: Fleets,
    /// One change of the promises at a time, so that the accounts follow the table in its order.
    pub(crate) changing: tokio::sync::Mutex<()>,
    /// The version of the definitions that the accounts follow.
    pub(crate) version: AtomicI64,
    /// Only where there may be other replicas.
    pub(crate) sharing: OnceLock<Sharing>,
    /// Knows of maintenance; without one none is shown beside a burn-down.
    pub(crate) watch: OnceLock<Watch>,
}

impl Objectives {
    /// The module over its database; `sink` turns its signals into alerts, `fleets` says which services there are.
    pub fn new(
        db: Database,
        world: World,
        hub: EventHub,
        settings: Settings,
        sink: Arc<dyn SignalSink>,
        fleets: Fleets,
    ) -> Self {
        // Only 63 bits fit, and the sign has no meaning.
        let writer = i64::try_from(world.random() >> 1).unwrap_or_default();
        Self {
            inner: Arc::new(Inner {
                ledger: Ledger::new(settings.hold(), world.now_micros()),
                db,
                world,
                hub,
                settings: Latest::new(settings),
                sink,
                writer,
                fleets,
                changing: tokio::sync::Mutex::default(),
                version: AtomicI64::new(0),
                sharing: OnceLock::new(),
                watch: OnceLock::new(),
            }),
        }
    }

    /// Goes on with other settings. Definitions that were accepted stay; declared ones are judged again.
    pub(crate) fn reconfigure(&self, settings: Settings) {
        self.inner.ledger.hold_at_least(settings.hold());
        self.inner.settings.set_if_different(settings);
    }

    /// Reads the promises and opens their accounts; counts are loaded later, in the background.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn open(&self) -> Result<(), SloError> {
        let _changing = self.inner.changing.lock().await;
        self.refresh().await
    }

    /// Says whose maintenance explains what is missing from the counts. Only the first call counts.
    pub(crate) fn explain_by(&self, watch: Watch) {
        // A second watch cannot be; the first one stays.
        let _ = self.inner.watch.set(watch);
    }

    /// Checks a draft; nothing is kept.
    ///
    /// # Errors
    /// Every field that is wrong.
    pub fn validate(&self, draft: &Draft, environment: &Environment) -> Result<Validated, SloError> {
        let validated = self.check(draft, environment)?;
        self.check_service(&validated.definition)?;
        Ok(validated)
    }

    fn check(&self, draft: &Draft, environment: &Environment) -> Result<Validated, SloError> {
        validate(draft, environment, &self.inner.settings.get().limits).map_err(SloError::Invalid)
    }

    /// Whether the catalog knows the service that the promise is about.
    fn check_service(&self, definition: &Definition) -> Result<(), SloError> {
        let missing = known::missing(&self.inner.fleets, &definition.environment, &definition.service);
        missing.map_or(Ok(()), |message| {
            Err(SloError::Invalid(vec![FieldError {
                field: "service".to_owned(),
                message,
            }]))
        })
    }

    /// Makes a promise.
    ///
    /// # Errors
    /// When the draft is wrong, its name is taken, or the database refuses.
    pub async fn create(&self, draft: &Draft, environment: &Environment) -> Result<Arc<Promise>, SloError> {
        let Validated { definition, .. } = self.validate(draft, environment)?;
        let now = self.inner.world.now();
        let promise = Promise {
            id: self.inner.world.id(),
            definition,
            managed_by: ManagedBy::Api,
            source: None,
            series: self.inner.world.id(),
            series_since: self.counts_from(now),
            version: 1,
            created_at: now,
            updated_at: now,
            retired_at: None,
        };
        let _changing = self.inner.changing.lock().await;
        let mut tx = self.begin_change().await?;
        store::take_name(&mut tx, &promise.definition).await?;
        let name = &promise.definition.name;
        store::insert(&mut tx, &promise)
            .await
            .map_err(|error| name_taken(error, name))?;
        tx.commit().await?;
        self.refresh().await?;
        self.promise(promise.id)
    }

    /// Replaces a promise. One that an import made becomes a person's, so that later imports leave it alone.
    ///
    /// # Errors
    /// When there is none, it stands in a file, `expected` is not its version, the draft is wrong, or the database refuses.
    pub async fn change(&self, id: SloId, expected: Option<i64>, draft: &Draft) -> Result<Arc<Promise>, SloError> {
        let _changing = self.inner.changing.lock().await;
        let mut tx = self.begin_change().await?;
        let before = editable(&mut tx, id, expected).await?;
        let Validated { definition, .. } = self.check(draft, &before.definition.environment)?;
        // One whose service has left the catalog can still be changed, but not be moved to another that is not there.
        if definition.service != before.definition.service {
            self.check_service(&definition)?;
        }
        let now = self.inner.world.now();
        let after = Promise {
            managed_by: ManagedBy::Api,
            source: None,
            ..self.successor(&before, definition, now)
        };
        store::take_name(&mut tx, &after.definition).await?;
        let name = &after.definition.name;
        let changed = store::change(&mut tx, &after)
            .await
            .map_err(|error| name_taken(error, name))?;
        if !changed {
            return Err(SloError::Stale);
        }
        tx.commit().await?;
        self.refresh().await?;
        self.promise(id)
    }

    /// Takes a promise back. One that an import made is remembered as deleted, so that the next import does not bring it
    /// back.
    ///
    /// # Errors
    /// When there is none, it stands in a file, `expected` is not its version, or the database refuses.
    pub async fn delete(&self, id: SloId, expected: Option<i64>) -> Result<(), SloError> {
        let _changing = self.inner.changing.lock().await;
        let mut tx = self.begin_change().await?;
        let before = editable(&mut tx, id, expected).await?;
        if before.managed_by == ManagedBy::Import {
            let retired = Promise {
                managed_by: ManagedBy::Api,
                retired_at: Some(self.inner.world.now()),
                ..before
            };
            store::retire(&mut tx, &retired).await?;
        } else {
            store::delete(&mut tx, id).await?;
        }
        tx.commit().await?;
        self.refresh().await
    }

    /// One promise.
    ///
    /// # Errors
    /// When there is none.
    pub fn promise(&self, id: SloId) -> Result<Arc<Promise>, SloError> {
        let account = self.inner.ledger.account(id).ok_or(SloError::NotFound(id))?;
        Ok(account.promise())
    }

    /// One promise and how it stands.
    pub(crate) fn standing(&self, id: SloId) -> Result<(Arc<Promise>, Standing), SloError> {
        let account = self.inner.ledger.account(id).ok_or(SloError::NotFound(id))?;
        let book = account.book();
        let standing = book.standing(self.inner.world.now_micros(), self.inner.ledger.loaded_back_to());
        Ok((book.promise.clone(), standing))
    }

    /// Every promise of an environment and how it stands, in no order.
    pub(crate) fn standings(&self, environment: &Environment) -> Vec<(Arc<Promise>, Standing)> {
        let now = self.inner.world.now_micros();
        let loaded = self.inner.ledger.loaded_back_to();
        self.inner
            .ledger
            .accounts()
            .iter()
            .filter_map(|account| {
                let book = account.book();
                (book.promise.definition.environment == *environment)
                    .then(|| (book.promise.clone(), book.standing(now, loaded)))
            })
            .collect()
    }

    /// How many promises are kept account of, in all environments.
    pub fn count(&self) -> usize {
        self.inner.ledger.accounts().len()
    }

    /// How many promises of one environment are kept account of.
    pub(crate) fn count_in(&self, environment: &Environment) -> usize {
        let accounts = self.inner.ledger.accounts();
        accounts
            .iter()
            .filter(|account| account.promise().definition.environment == *environment)
            .count()
    }

    /// How the budget of the present window went.
    ///
    /// # Errors
    /// When there is no such SLO.
    pub(crate) fn burn_down(
        &self,
        id: SloId,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        points: usize,
    ) -> Result<(Arc<Promise>, Period, Vec<BurnDownPoint>), SloError> {
        let account = self.inner.ledger.account(id).ok_or(SloError::NotFound(id))?;
        let book = account.book();
        let now = self.inner.world.now_micros();
        let window = book.promise.definition.window.period(now);
        let period = Period {
            from: from.map_or(window.from, to_micros).max(window.from),
            to: to.map_or(now, to_micros).min(now),
        };
        let series = burn_down(&book.promise.definition, &book.counts, now, period, points);
        Ok((book.promise.clone(), period, series))
    }

    /// The next version of a promise: the same series while its events mean the same, else a new one.
    pub(crate) fn successor(&self, before: &Promise, definition: Definition, now: Timestamp) -> Promise {
        let (series, series_since) = if definition.counts_like(&before.definition) {
            (before.series, before.series_since)
        } else {
            (self.inner.world.id(), self.counts_from(now))
        };
        Promise {
            definition,
            series,
            series_since,
            version: before.version + 1,
            updated_at: now,
            ..before.clone()
        }
    }

    /// A transaction that changes definitions. It is the only one: what is read in it is what the change is made to.
    pub(crate) async fn begin_change(&self) -> Result<Transaction, StoreError> {
        let mut tx = self.inner.db.begin().await?;
        store::changing(&mut tx, Kept::Objectives).await?;
        Ok(tx)
    }
}

async fn editable(tx: &mut Transaction, id: SloId, expected: Option<i64>) -> Result<Promise, SloError> {
    let promise = store::find(tx, id).await?.ok_or(SloError::NotFound(id))?;
    if promise.managed_by == ManagedBy::File {
        return Err(SloError::FileManaged {
            name: promise.definition.name.clone(),
            file: place(&promise),
        });
    }
    if expected.is_some_and(|version| version != promise.version) {
        return Err(SloError::Stale);
    }
    Ok(promise)
}

fn name_taken(error: StoreError, name: &str) -> SloError {
    if error.is_conflict() {
        SloError::NameTaken(name.to_owned())
    } else {
        error.into()
    }
}

fn place(promise: &Promise) -> String {
    let source = promise.source.as_ref();
    let file = source.and_then(|source| source.file.as_deref()).unwrap_or("a file");
    match source.and_then(|source| source.line) {
        Some(line) => format!("`{file}` (line {line})"),
        None => format!("`{file}`"),
    }
}

#[cfg(test)]
#[path = "service_tests.rs"]
mod tests;
