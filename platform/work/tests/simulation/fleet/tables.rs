//! The tables that clients, handlers and jobs of the simulation write, beside those of the crate.

use mainstay_store::Migration;

/// What is simulated upon.
pub fn migrations() -> Vec<Migration> {
    [mainstay_work::MIGRATIONS, &[TABLES]].concat()
}

/// Tables whose every commit the checker hears of.
pub const OBSERVED: &[&str] = &[
    "sim_part",
    "sim_seen",
    "sim_effect",
    "sim_probe",
    "work_event",
    "work_job",
    "work_lease",
    "work_schedule",
];

const TABLES: Migration = Migration {
    module: "sim",
    version: 1,
    name: "what clients, handlers and jobs write",
    sql: "\
-- One of `parts` rows that a client's operation writes; all or none.
CREATE TABLE sim_part (
    id TEXT NOT NULL PRIMARY KEY,
    operation BIGINT NOT NULL,
    parts BIGINT NOT NULL
);
-- A handler's effect of one event.
CREATE TABLE sim_seen (
    id UUID PRIMARY KEY,
    handler TEXT NOT NULL,
    position BIGINT NOT NULL,
    key TEXT NOT NULL
);
-- A job's effect.
CREATE TABLE sim_effect (
    id UUID PRIMARY KEY,
    job UUID NOT NULL
);
-- What a lease let its holder do.
CREATE TABLE sim_probe (
    id UUID PRIMARY KEY,
    lease TEXT NOT NULL,
    token BIGINT NOT NULL
);
",
};
