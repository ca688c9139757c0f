//! The past of a check: single probes, and results added up.

use mainstay_kernel::{Cursor, Micros, Page, PageRequest};

use super::Watch;
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
}
