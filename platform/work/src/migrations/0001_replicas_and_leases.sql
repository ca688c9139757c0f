-- Who takes part. `beat` counts up while a replica lives; others see by their own clocks that it stopped.
CREATE TABLE work_replica (
    id UUID PRIMARY KEY,
    name TEXT NOT NULL,
    roles TEXT NOT NULL,
    version TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    beat BIGINT NOT NULL
);
-- Work that one replica at a time does. `token` counts up with every change of hands.
CREATE TABLE work_lease (
    name TEXT NOT NULL PRIMARY KEY,
    role TEXT NOT NULL,
    holder UUID,
    token BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
