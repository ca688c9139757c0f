-- Why the declaration of a webhook cannot be used.
ALTER TABLE slo_webhook ADD COLUMN problem TEXT;
