//! Durable work, shared by replicas: who takes part, who does what, what happened, and what is still to be done.
//!
//! - [`Replica`] takes part and is seen by the others; [`Leases`] say which replica does which share of the work.
//! - [`Outbox`] keeps what happened, in the order of its commits, and brings each event to every handler.
//! - [`Jobs`] keeps what is to be done: at least started once, at most one at a time, with retries, progress and an end.
//!
//! **Invariant:** what a handler or a job writes, and that it has been done, commit in one transaction; so nothing in the
//! database happens twice. What goes outside may be repeated and carries an id by which the receiver can tell.

pub mod jobs;
pub mod lease;
pub mod outbox;
pub mod reconcile;
pub mod replica;

use mainstay_store::Migration;

pub use jobs::{
    CannotRun, Inline, JobFilter, JobState, JobView, Jobs, QueueStatus,
    job::{Done, EnqueueOptions, Job, JobContext, JobError, JobId},
    schedule::{InvalidPattern, Pattern, ScheduleRun, ScheduleView},
};
pub use lease::{HeldLeases, Lease, LeaseView, Leases, Placement};
pub use outbox::{
    HandlerStatus, Outbox, ParkedEvent, ParkedFilter, ParkedPlace, ParkedState,
    event::{Announcement, Event, EventHandler, EventId, HandlerError, NewEvent},
};
pub use replica::{Introduction, Member, ReplicaId, Role, Timing};

/// The tables of durable work.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        module: "work",
        version: 1,
        name: "replicas and leases",
        sql: include_str!("migrations/0001_replicas_and_leases.sql"),
    },
    Migration {
        module: "work",
        version: 2,
        name: "outbox",
        sql: include_str!("migrations/0002_outbox.sql"),
    },
    Migration {
        module: "work",
        version: 3,
        name: "jobs",
        sql: include_str!("migrations/0003_jobs.sql"),
    },
    Migration {
        module: "work",
        version: 4,
        name: "jobs that ended badly",
        sql: include_str!("migrations/0004_jobs_that_ended_badly.sql"),
    },
    Migration {
        module: "work",
        version: 5,
        name: "presence",
        sql: include_str!("migrations/0005_presence.sql"),
    },
];
