CREATE TABLE store_idempotency (
    organization_id UUID NOT NULL,
    key TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    status BIGINT,
    headers TEXT,
    body BYTEA,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, key)
);
CREATE INDEX store_idempotency_created ON store_idempotency (created_at);
