-- Silences that files declare: under which name, and where. Those made by hand have neither.
ALTER TABLE slo_silence ADD COLUMN declared_as TEXT;
ALTER TABLE slo_silence ADD COLUMN source TEXT;
-- A name that is declared again for another time is another silence; the one that is over stays.
CREATE UNIQUE INDEX slo_silence_declared ON slo_silence (organization_id, environment, declared_as, starts_at);
