-- Numbers handed out to checks, never twice: a deleted check's history must not become another one's.
CREATE TABLE watch_counter (
    name TEXT NOT NULL PRIMARY KEY,
    next BIGINT NOT NULL
);

INSERT INTO watch_counter (name, next) VALUES ('check', 1);

CREATE TABLE watch_check (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL,
    environment TEXT NOT NULL,
    service TEXT NOT NULL,
    name TEXT NOT NULL,
    check_key BIGINT NOT NULL,
    spec TEXT NOT NULL,
    paused BOOLEAN NOT NULL,
    managed_by TEXT NOT NULL CHECK (managed_by IN ('catalog', 'file', 'api')),
    source TEXT,
    edited TEXT NOT NULL,
    -- Set while its endpoint or declaration is gone; when that comes back, so does the check with its history.
    retired_at BIGINT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX watch_check_name ON watch_check (organization_id, environment, service, name);
CREATE UNIQUE INDEX watch_check_number ON watch_check (check_key);

CREATE TABLE watch_check_state (
    check_id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL,
    standing TEXT NOT NULL CHECK (standing IN ('up', 'down', 'unknown')),
    since BIGINT NOT NULL,
    failing_streak BIGINT NOT NULL,
    passing_streak BIGINT NOT NULL,
    failing_since BIGINT,
    failure_kind BIGINT,
    failure_message TEXT
);

CREATE TABLE watch_maintenance (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL,
    environment TEXT NOT NULL,
    service TEXT,
    reason TEXT NOT NULL,
    created_by TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX watch_maintenance_end ON watch_maintenance (organization_id, environment, ends_at);
