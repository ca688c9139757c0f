//! Every SQL statement about objectives and their event counts, written once for both databases.

mod buckets;
mod objectives;
mod opened_alerts;
mod versions;

pub(crate) use buckets::{
    BucketRow, LatencyRow, StoredBucket, StoredLatency, add_buckets, add_latency, buckets_between, expire,
    latency_between, stored_range,
};
pub(crate) use objectives::{all, all_in, change, delete, find, forget_retired, insert, retire, take_name};
pub(crate) use opened_alerts::alerts_between;
pub(crate) use versions::{Kept, Versions, changing, objectives_version, versions};
