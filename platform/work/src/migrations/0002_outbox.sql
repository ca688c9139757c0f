-- The last position handed out. Its row is locked from there to the commit, so positions become visible in order.
CREATE TABLE work_stream (
    name TEXT NOT NULL PRIMARY KEY,
    last_position BIGINT NOT NULL
);
INSERT INTO work_stream (name, last_position) VALUES ('events', 0);
CREATE TABLE work_event (
    position BIGINT NOT NULL PRIMARY KEY,
    id UUID NOT NULL,
    organization_id UUID NOT NULL,
    topic TEXT NOT NULL,
    version BIGINT NOT NULL,
    key TEXT NOT NULL,
    payload TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE TABLE work_cursor (
    handler TEXT NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL,
    handled BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
-- Events that a handler could not handle yet, and those of the same key behind them.
CREATE TABLE work_parked_event (
    handler TEXT NOT NULL,
    position BIGINT NOT NULL,
    key TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'dead')),
    attempts BIGINT NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    last_error TEXT,
    parked_at BIGINT NOT NULL,
    PRIMARY KEY (handler, position)
);
CREATE INDEX work_parked_event_key ON work_parked_event (handler, key, position);
