-- Alerts, what happened to each, and silences.
CREATE TABLE slo_alert (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL,
    environment TEXT NOT NULL,
    -- The key while the alert is open, so that there is at most one; NULL afterwards.
    open_key TEXT,
    kind TEXT NOT NULL CHECK (kind IN ('service-down', 'burn-rate', 'budget-spent')),
    -- The severity of the burn-rate rule, which is part of the key.
    rule_severity TEXT CHECK (rule_severity IN ('page', 'ticket')),
    severity TEXT NOT NULL CHECK (severity IN ('page', 'ticket')),
    state TEXT NOT NULL CHECK (state IN ('open', 'resolved')),
    service TEXT NOT NULL,
    slo_id UUID,
    title TEXT NOT NULL,
    summary TEXT NOT NULL,
    -- A JSON object.
    alert_values TEXT NOT NULL,
    failing_since BIGINT,
    memory_us BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    resolved_at BIGINT,
    acknowledged_at BIGINT,
    acknowledged_by TEXT,
    delivered_at BIGINT,
    phase TEXT NOT NULL CHECK (phase IN ('held', 'standing', 'silenced', 'folded')),
    -- The end of a hold or silence, or the beginning of standing alone.
    phase_at BIGINT,
    folded_under UUID,
    folded_service TEXT,
    -- A JSON array of service names.
    folded_path TEXT,
    root_gone_at BIGINT
);

CREATE UNIQUE INDEX slo_alert_open ON slo_alert (organization_id, open_key);

CREATE INDEX slo_alert_newest ON slo_alert (organization_id, environment, id);

CREATE INDEX slo_alert_service ON slo_alert (organization_id, environment, service, id);

CREATE TABLE slo_alert_step (
    alert_id UUID NOT NULL,
    -- Orders the steps of one alert even when the clock stands still or steps back.
    position BIGINT NOT NULL,
    organization_id UUID NOT NULL,
    at BIGINT NOT NULL,
    what TEXT NOT NULL,
    detail TEXT,
    PRIMARY KEY (alert_id, position)
);

CREATE TABLE slo_silence (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL,
    environment TEXT NOT NULL,
    service TEXT,
    slo_id UUID,
    kind TEXT CHECK (kind IN ('service-down', 'burn-rate', 'budget-spent')),
    reason TEXT NOT NULL,
    created_by TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL
);

CREATE INDEX slo_silence_newest ON slo_silence (organization_id, environment, id);
