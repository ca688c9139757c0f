-- High-rate rows name their check by its number; the check's own row says whose it is and where it runs. A thousand checks
-- at ten seconds are 8.6 million rows a day, so every byte counts.
CREATE TABLE watch_probe (
    check_key BIGINT NOT NULL,
    -- When the probe began, wall clock.
    at BIGINT NOT NULL,
    -- The flush that wrote the row: its time, made strictly increasing.
    flush BIGINT NOT NULL,
    duration_us BIGINT NOT NULL,
    -- 0 for success, else the code of the failure's kind.
    outcome BIGINT NOT NULL,
    -- Attempt in the low two bits, then one bit for maintenance.
    marks BIGINT NOT NULL,
    status BIGINT,
    -- Phases, body size, certificate days and address, packed.
    facts BYTEA,
    -- JSON, only when there is something to say: the failure's words, an uncommon health body.
    detail TEXT
);
CREATE INDEX watch_probe_check ON watch_probe (check_key, at);
CREATE INDEX watch_probe_flush ON watch_probe (flush);

CREATE TABLE watch_rollup (
    resolution_s BIGINT NOT NULL,
    check_key BIGINT NOT NULL,
    bucket BIGINT NOT NULL,
    total BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    maintenance BIGINT NOT NULL,
    max_us BIGINT NOT NULL,
    durations BYTEA NOT NULL,
    PRIMARY KEY (resolution_s, check_key, bucket)
);
CREATE INDEX watch_rollup_bucket ON watch_rollup (resolution_s, bucket);

-- Up to which flush the rollups include the raw rows.
CREATE TABLE watch_mark (
    name TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);

CREATE TABLE watch_service_state (
    organization_id UUID NOT NULL,
    environment TEXT NOT NULL,
    service TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('up', 'degraded', 'down', 'unknown', 'maintenance')),
    since BIGINT NOT NULL,
    PRIMARY KEY (organization_id, environment, service)
);

CREATE TABLE watch_transition (
    organization_id UUID NOT NULL,
    environment TEXT NOT NULL,
    service TEXT NOT NULL,
    at BIGINT NOT NULL,
    state_before TEXT NOT NULL,
    state_after TEXT NOT NULL,
    reason TEXT,
    cause TEXT
);
CREATE INDEX watch_transition_at ON watch_transition (organization_id, environment, at);
