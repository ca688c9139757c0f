CREATE TABLE work_job (
    id UUID PRIMARY KEY,
    organization_id UUID NOT NULL,
    queue TEXT NOT NULL,
    kind TEXT NOT NULL,
    version BIGINT NOT NULL,
    payload TEXT NOT NULL,
    unique_key TEXT,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
    attempt BIGINT NOT NULL,
    max_attempts BIGINT NOT NULL,
    timeout_ms BIGINT NOT NULL,
    run_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    heartbeat_at BIGINT,
    finished_at BIGINT,
    holder UUID,
    cancel_requested BOOLEAN NOT NULL,
    progress_done BIGINT,
    progress_total BIGINT,
    progress_text TEXT,
    last_error TEXT,
    result TEXT
);
CREATE INDEX work_job_waiting ON work_job (queue, run_at, id) WHERE state = 'waiting';
CREATE INDEX work_job_running ON work_job (holder) WHERE state = 'running';
CREATE UNIQUE INDEX work_job_unique ON work_job (kind, unique_key) WHERE unique_key IS NOT NULL AND state IN ('waiting', 'running');
CREATE INDEX work_job_finished ON work_job (finished_at) WHERE finished_at IS NOT NULL;
CREATE TABLE work_schedule (
    name TEXT NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL,
    cron TEXT NOT NULL,
    zone TEXT NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    paused BOOLEAN NOT NULL,
    next_at BIGINT,
    last_at BIGINT,
    last_job UUID,
    updated_at BIGINT NOT NULL
);
