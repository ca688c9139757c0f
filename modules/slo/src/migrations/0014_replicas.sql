-- How often what every replica keeps a copy of has changed; whoever changes it counts up in the same transaction.
CREATE TABLE slo_version (
    name TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL
);

INSERT INTO slo_version (name, version) VALUES ('objectives', 1), ('webhooks', 1), ('silences', 1);

-- What people asked of an alert at a replica that does not decide alerts. Whoever does answers in the transaction in which it
-- happens; whoever asked takes it back when there is no answer in time.
CREATE TABLE slo_alert_command (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL,
    environment TEXT NOT NULL,
    alert_id UUID NOT NULL,
    what TEXT NOT NULL CHECK (what IN ('acknowledge', 'unacknowledge')),
    asked_by TEXT NOT NULL,
    note TEXT,
    asked_at BIGINT NOT NULL,
    answer TEXT CHECK (answer IN ('done', 'already-resolved', 'not-found')),
    answered_at BIGINT
);

CREATE INDEX slo_alert_command_answered ON slo_alert_command (answered_at);

-- How the outgoing heartbeat fares, for the replicas that do not send it.
CREATE TABLE slo_heartbeat (
    organization_id UUID NOT NULL PRIMARY KEY,
    last_ok_at BIGINT,
    last_error TEXT
);
