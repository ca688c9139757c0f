-- Windows that files declare: under which name, and where. Those made by hand have neither.
ALTER TABLE watch_maintenance ADD COLUMN declared_as TEXT;
ALTER TABLE watch_maintenance ADD COLUMN source TEXT;
-- A name that is declared again for another time is another window; the one that is over stays.
CREATE UNIQUE INDEX watch_maintenance_declared ON watch_maintenance (organization_id, environment, declared_as, starts_at);
