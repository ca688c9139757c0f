-- The key of the advisory lock that the process of a replica holds, where the database has such locks.
ALTER TABLE work_replica ADD COLUMN presence BIGINT;
