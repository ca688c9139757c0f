//! An objective as it is kept: a definition with its identity, its manager and the series its events are counted in.

use jiff::Timestamp;
use mainstay_catalog::{ManagedBy, Source};
use mainstay_kernel::to_micros;

use crate::model::{Definition, SeriesId, SloId};

/// A promise that somebody made and Mainstay keeps account of.
#[derive(Debug, Clone, PartialEq)]
pub struct Promise {
    /// Identifies it.
    pub id: SloId,
    /// What is promised.
    pub definition: Definition,
    /// Where it is edited.
    pub managed_by: ManagedBy,
    /// The file and line it stands in; absent when a person made it.
    pub source: Option<Source>,
    /// The counts that belong to it.
    pub series: SeriesId,
    /// Events before this moment are not counted: they belong to no series, or to an older one.
    pub series_since: Timestamp,
    /// Grows by one with every change; the `ETag`.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it left its file, or a person deleted it although a file declares it.
    pub retired_at: Option<Timestamp>,
}

impl Promise {
    /// Whether an event at this moment belongs to its series.
    pub(crate) fn counts_from(&self) -> i64 {
        to_micros(self.series_since)
    }

    /// How long a slot of its latency histogram lasts, in microseconds: a twenty-fourth of the window.
    pub(crate) fn latency_slot(&self) -> i64 {
        self.definition.window.nominal_s() * crate::model::SECOND / 24
    }
}
