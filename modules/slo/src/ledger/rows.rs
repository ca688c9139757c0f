//! From the probes of one flush to the rows that follow from them.

use std::{collections::HashMap, sync::Arc};

use mainstay_catalog::ServiceName;
use mainstay_kernel::{Environment, Micros};

use crate::{
    model::{Histogram, Observation, SeriesId, SliKind},
    objective::Promise,
    store::{BucketRow, LatencyRow},
};

/// A probe and where it belongs.
pub(crate) struct Counted<'a> {
    pub(crate) environment: &'a Environment,
    pub(crate) service: &'a ServiceName,
    pub(crate) probe: Observation<'a>,
}

/// What one flush adds.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) buckets: Vec<BucketRow>,
    pub(crate) latency: Vec<LatencyRow>,
}

/// What is promised about each service, by where it runs.
pub(crate) type ByService = HashMap<(Environment, ServiceName), Vec<Arc<Promise>>>;

/// What is in force among `promises`.
pub(crate) fn promises_by_service(promises: Vec<Promise>) -> ByService {
    let mut by_service = ByService::new();
    for promise in promises.into_iter().filter(|promise| promise.retired_at.is_none()) {
        let place = (
            promise.definition.environment.clone(),
            promise.definition.service.clone(),
        );
        by_service.entry(place).or_default().push(Arc::new(promise));
    }
    by_service
}

impl Rows {
    /// What the database must add so that its counts follow the same probes. `promises_of` says what is promised about a
    /// service.
    pub(crate) fn of<'a>(
        probes: impl Iterator<Item = Counted<'a>>,
        promises_of: impl Fn(&Environment, &ServiceName) -> Vec<Arc<Promise>>,
    ) -> Self {
        let mut buckets: HashMap<(Micros, SeriesId), BucketRow> = HashMap::new();
        let mut latency: HashMap<(Micros, SeriesId, u16), LatencyRow> = HashMap::new();
        for Counted {
            environment,
            service,
            probe,
        } in probes
        {
            for promise in promises_of(environment, service) {
                if probe.at < promise.counts_from() {
                    continue;
                }
                let Some(bad) = promise.definition.sli.judge(&probe) else {
                    continue;
                };
                let width = promise.definition.bucket_us();
                let keep_s = promise.definition.window.keep_s();
                let at = probe.at.div_euclid(width) * width;
                let row = buckets.entry((at, promise.series)).or_insert_with(|| BucketRow {
                    at,
                    series: promise.series,
                    environment: environment.clone(),
                    total: 0,
                    bad: 0,
                    keep_s,
                });
                row.total += 1;
                row.bad += u32::from(bad);
                if matches!(promise.definition.sli.kind, SliKind::Latency { .. }) {
                    let slot = promise.latency_slot();
                    let at = probe.at.div_euclid(slot) * slot;
                    let bin = Histogram::bin_of(probe.duration_us);
                    let row = latency.entry((at, promise.series, bin)).or_insert_with(|| LatencyRow {
                        at,
                        series: promise.series,
                        bin,
                        environment: environment.clone(),
                        events: 0,
                        keep_s,
                    });
                    row.events += 1;
                }
            }
        }
        // In the order of their keys, so that two replicas never wait for each other's rows.
        let mut buckets: Vec<_> = buckets.into_values().collect();
        buckets.sort_by_key(|row| (row.at, row.series));
        let mut latency: Vec<_> = latency.into_values().collect();
        latency.sort_by_key(|row| (row.at, row.series, row.bin));
        Self { buckets, latency }
    }
}
