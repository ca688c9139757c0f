-- What is promised.
CREATE TABLE slo_objective (
    id UUID PRIMARY KEY,
    organization_id UUID NOT NULL,
    environment TEXT NOT NULL,
    name TEXT NOT NULL,
    service TEXT NOT NULL,
    description TEXT,
    sli TEXT NOT NULL CHECK (sli IN ('availability', 'latency', 'error-rate', 'throughput')),
    -- A JSON list of check roles or names; NULL means those of the service.
    checks TEXT,
    threshold_us BIGINT,
    minimum_milli_per_s BIGINT,
    objective_ppm BIGINT NOT NULL CHECK (objective_ppm BETWEEN 1 AND 999999),
    window_kind TEXT NOT NULL CHECK (window_kind IN ('rolling', 'calendar')),
    window_s BIGINT,
    window_unit TEXT CHECK (window_unit IN ('week', 'month', 'quarter', 'year')),
    window_zone TEXT,
    -- A JSON list of burn-rate rules.
    rules TEXT NOT NULL,
    spent_alert_ppm BIGINT NOT NULL,
    managed_by TEXT NOT NULL CHECK (managed_by IN ('file', 'api', 'import')),
    -- JSON: where in which file.
    source TEXT,
    -- The counts that belong to it, and since when events are counted in them.
    series_id UUID NOT NULL,
    series_since BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    -- Set when it left its file or was deleted by a person although a file declares it.
    retired_at BIGINT
);
CREATE UNIQUE INDEX slo_objective_name ON slo_objective (organization_id, environment, name);

-- How many events there were. The time comes first in the key, so that what is written together lies together. `writer` is
-- one run of one process: a run adds only to its own rows, and reads back those of others.
CREATE TABLE slo_bucket (
    at BIGINT NOT NULL,
    series_id UUID NOT NULL,
    writer BIGINT NOT NULL,
    organization_id UUID NOT NULL,
    environment TEXT NOT NULL,
    total BIGINT NOT NULL,
    bad BIGINT NOT NULL,
    -- For how long the row is needed, in seconds.
    keep_s BIGINT NOT NULL,
    PRIMARY KEY (at, series_id, writer)
);

-- How long the good answers of latency objectives took: counts by bin of a logarithmic histogram.
CREATE TABLE slo_latency_bin (
    at BIGINT NOT NULL,
    series_id UUID NOT NULL,
    bin BIGINT NOT NULL,
    writer BIGINT NOT NULL,
    organization_id UUID NOT NULL,
    environment TEXT NOT NULL,
    events BIGINT NOT NULL,
    keep_s BIGINT NOT NULL,
    PRIMARY KEY (at, series_id, bin, writer)
);
