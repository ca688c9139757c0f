-- Failed and cancelled jobs are counted every few seconds among many that ended well.
CREATE INDEX work_job_ended_badly ON work_job (queue, state) WHERE state IN ('failed', 'cancelled');
