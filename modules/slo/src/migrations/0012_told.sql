-- Who was told of an alert, apart from who accepted it.
ALTER TABLE slo_alert RENAME COLUMN delivered_at TO told_at;
-- A JSON array of the webhooks its opening was handed to; NULL before that, and for alerts older than this column.
ALTER TABLE slo_alert ADD COLUMN told_webhooks TEXT;
-- How many webhooks have accepted its opening.
ALTER TABLE slo_alert ADD COLUMN accepted BIGINT NOT NULL DEFAULT 0;
UPDATE slo_alert SET accepted = (
    SELECT COUNT(*) FROM slo_delivery
    WHERE slo_delivery.alert_id = slo_alert.id AND event = 'alert.opened' AND status = 'delivered'
);
