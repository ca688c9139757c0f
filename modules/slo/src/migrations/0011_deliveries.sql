-- Webhooks, what was and will be sent to them, and every attempt.
CREATE TABLE slo_webhook (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL,
    environment TEXT NOT NULL,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    format TEXT NOT NULL CHECK (format IN ('mainstay', 'alertmanager')),
    -- `whsec_` and base64, as it was given out once. Signing needs the secret itself, so it cannot be stored as a hash: who
    -- can read this database can sign.
    secret TEXT,
    enabled BOOLEAN NOT NULL,
    managed_by TEXT NOT NULL CHECK (managed_by IN ('api', 'file')),
    -- The file that declares it, when one does.
    source TEXT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX slo_webhook_name ON slo_webhook (organization_id, environment, name);

CREATE TABLE slo_delivery (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL,
    environment TEXT NOT NULL,
    webhook_id UUID NOT NULL,
    alert_id UUID,
    event TEXT NOT NULL CHECK (event IN ('alert.opened', 'alert.escalated', 'alert.acknowledged', 'alert.resolved', 'test')),
    -- What may be sent once only; one opening of one alert to one webhook is one delivery.
    once_key TEXT NOT NULL,
    -- Orders the deliveries of one alert.
    position BIGINT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'delivered', 'failed', 'dead')),
    attempts BIGINT NOT NULL,
    -- Attempts since it was created or last sent again by hand, and when that was: the backoff counts from there.
    series_attempts BIGINT NOT NULL,
    series_started_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    next_attempt_at BIGINT,
    delivered_at BIGINT,
    last_error TEXT
);

CREATE UNIQUE INDEX slo_delivery_once ON slo_delivery (webhook_id, once_key);

CREATE INDEX slo_delivery_newest ON slo_delivery (organization_id, environment, id);

CREATE INDEX slo_delivery_webhook ON slo_delivery (organization_id, webhook_id, id);

CREATE INDEX slo_delivery_status ON slo_delivery (status, id);

CREATE TABLE slo_delivery_attempt (
    delivery_id UUID NOT NULL,
    number BIGINT NOT NULL,
    organization_id UUID NOT NULL,
    at BIGINT NOT NULL,
    ok BOOLEAN NOT NULL,
    status BIGINT,
    duration_us BIGINT NOT NULL,
    error TEXT,
    response_excerpt TEXT,
    PRIMARY KEY (delivery_id, number)
);
