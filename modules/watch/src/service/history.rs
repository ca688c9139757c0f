//! The past of checks: single probes, and results added up, for one check or for all of a service.

use mainstay_catalog::ServiceName;
use mainstay_kernel::{Cursor, Micros, Page, PageRequest, Scope};

use super::{StripQuery, Watch};
use crate::{
    error::WatchError,
    model::{
        check::CheckId,
        probe::Probe,
        rollup::{Resolution, Rollup},
    },
    store::ProbeFilter,
};

const HOUR: Micros = 3_600_000_000;
/// More points than this are refused rather than read.
const POINTS_MAX: i64 = 10_000;
/// So many services at once.
const SERVICES_MAX: usize = 100;
/// With `auto`, about as many points as a chart can show.
const POINTS_SHOWN: i64 = 400;

/// Which part of the past is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HistoryQuery {
    /// The beginning; a day before the end when absent.
    pub from: Option<Micros>,
    /// The end; now when absent.
    pub to: Option<Micros>,
    /// The length of a bucket; what suits the span when absent.
    pub resolution: Option<Resolution>,
}

/// A part of the past in buckets; a bucket without probes is absent.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// The length of a bucket.
    pub resolution: Resolution,
    /// The buckets, oldest first.
    pub buckets: Vec<(Micros, Rollup)>,
}

/// The results of all checks of one service, in slots of equal length that end with the current bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct Trend {
    /// The service.
    pub service: ServiceName,
    /// Where the first slot begins.
    pub from: Micros,
    /// The length of a slot in seconds.
    pub slot_s: f64,
    /// What was counted in each; nothing where nothing was probed.
    pub slots: Vec<Rollup>,
}

impl Watch {
    /// A page of a check's probes, newest first; `ok` chooses good or failed ones.
    ///
    /// # Errors
    /// When there is no such check, the cursor is of another list, or the database fails.
    pub async fn probes(&self, id: CheckId, ok: Option<bool>, page: &PageRequest) -> Result<Page<Probe>, WatchError> {
        let key = self.check(id)?.check.key;
        let before = page.cursor.as_ref().map(|cursor| cursor.part(0)).transpose()?;
        let stored = self
            .inner
            .store
            .probes(key, ProbeFilter { ok, before }, page.overfetch())
            .await?;
        let probes = stored.into_iter().map(|stored| stored.probe).collect();
        Ok(Page::from_overfetch(probes, page.limit, |probe: &Probe| {
            Cursor::of(&mainstay_kernel::to_micros(probe.at))
        }))
    }

    /// A check's results in buckets.
    ///
    /// # Errors
    /// When there is no such check, the span is empty or too long for the resolution, or the database fails.
    pub async fn history(&self, id: CheckId, query: HistoryQuery) -> Result<History, WatchError> {
        let key = self.check(id)?.check.key;
        let to = query.to.unwrap_or_else(|| self.inner.world.now_micros());
        let from = query.from.unwrap_or(to.saturating_sub(24 * HOUR));
        if from >= to {
            return Err(WatchError::field("from", "it must be before `to`"));
        }
        let span = to.saturating_sub(from);
        let resolution = query
            .resolution
            .unwrap_or_else(|| Resolution::for_span(span, POINTS_SHOWN));
        if span / (resolution.seconds() * 1_000_000) > POINTS_MAX {
            let message = format!("these are more than {POINTS_MAX} points; choose a coarser one or a shorter span");
            return Err(WatchError::field("resolution", message));
        }
        let start = resolution.bucket(from);
        let stored = self.inner.store.rollups(resolution, key, start, to).await?;
        let buckets = self
            .inner
            .writer
            .accumulator()
            .overlay(resolution, key, (start, to), stored);
        Ok(History {
            resolution,
            buckets: buckets.into_iter().collect(),
        })
    }

    /// How services did lately: the results of all checks of each, in slots. Services that are not known are left out.
    ///
    /// # Errors
    /// When too many services are named, a number is out of range, a slot is shorter than the finest bucket, or the database
    /// fails.
    pub async fn trends(
        &self,
        scope: &Scope,
        services: &[ServiceName],
        StripQuery { hours, slots }: StripQuery,
    ) -> Result<Vec<Trend>, WatchError> {
        if services.is_empty() || services.len() > SERVICES_MAX {
            let message = format!("name between 1 and {SERVICES_MAX} services, separated by commas");
            return Err(WatchError::field("service", message));
        }
        if !(1..=2160).contains(&hours) {
            let message = "it must be between 1 and 2160, which is 90 days";
            return Err(WatchError::field("hours", message));
        }
        if !(1..=500).contains(&slots) {
            return Err(WatchError::field("slots", "it must be between 1 and 500"));
        }
        let span = i64::from(hours) * HOUR;
        let slot = span / i64::from(slots);
        let Some(resolution) = coarsest_within(slot) else {
            let message = format!(
                "a slot must be at least a minute long: at most {} of {hours} h",
                hours * 60
            );
            return Err(WatchError::field("slots", message));
        };
        let to = resolution.bucket(self.inner.world.now_micros()) + resolution.seconds() * 1_000_000;
        let from = to - span;
        let mut trends = Vec::with_capacity(services.len());
        for (service, keys) in self.keys_of(scope, services) {
            let mut merged = vec![Rollup::default(); usize::try_from(slots).unwrap_or(1)];
            for key in keys {
                let stored = self.inner.store.rollups(resolution, key, from, to).await?;
                let buckets = self
                    .inner
                    .writer
                    .accumulator()
                    .overlay(resolution, key, (from, to), stored);
                for (at, rollup) in buckets {
                    // Slots need not be a whole number of buckets long; what is left over at the end belongs to the last.
                    let index = usize::try_from((at - from).max(0) / slot).unwrap_or(usize::MAX);
                    let index = index.min(merged.len() - 1);
                    merged[index].merge(&rollup);
                }
            }
            trends.push(Trend {
                service,
                from,
                slot_s: f64::from(hours) * 3600.0 / f64::from(slots),
                slots: merged,
            });
        }
        Ok(trends)
    }

    /// The numbers of the checks of each service that is known.
    fn keys_of(&self, scope: &Scope, services: &[ServiceName]) -> Vec<(ServiceName, Vec<i64>)> {
        let known = self.inner.engine.known();
        services
            .iter()
            .filter(|service| known.service_state(&scope.environment, service).is_some())
            .map(|service| {
                let checks = known.checks_of(&scope.environment, service);
                (service.clone(), checks.iter().map(|live| live.check.key).collect())
            })
            .collect()
    }
}

/// The coarsest bucket that is no longer than a slot.
fn coarsest_within(slot: Micros) -> Option<Resolution> {
    Resolution::ALL
        .into_iter()
        .rev()
        .find(|resolution| resolution.seconds() * 1_000_000 <= slot)
}
