// Cancelling a job, which asks first, and running one again, which can be taken back.
import { Button } from "@mantine/core";
import { useState } from "react";
import { Confirm, useAction } from "@/shared/ui/actions";
import { type Job, operate, touched } from "../api";
import { t } from "../strings";

export function JobActions({ job }: { job: Job }) {
  const [asking, setAsking] = useState(false);
  const cancel = useAction({
    what: `cancel ${job.kind}`,
    run: () => operate.cancelJob(job.id),
    done: (after) => (after.state === "cancelled" ? t.jobs.cancelled(job.kind) : t.jobs.askedToStop(job.kind)),
    touches: touched.jobs,
    onDone: () => setAsking(false),
  });
  const again = useAction({
    what: `run ${job.kind} again`,
    run: () => operate.runAgain(job.id),
    done: () => t.jobs.runsAgain(job.kind),
    undo: () => operate.cancelJob(job.id),
    touches: touched.jobs,
  });
  if (job.state === "failed" || job.state === "cancelled") {
    return (
      <Button
        size="xs"
        aria-label={t.jobs.againName(job.kind)}
        loading={again.isPending}
        onClick={() => again.mutate(undefined)}
      >
        {t.jobs.again}
      </Button>
    );
  }
  const going = (job.state === "running" && !job.cancel_requested) || job.state === "waiting";
  if (!going && !asking) return null;
  return (
    <>
      {going && (
        <Button size="xs" aria-label={t.jobs.cancelName(job.kind)} onClick={() => setAsking(true)}>
          {t.jobs.cancel}
        </Button>
      )}
      <Confirm
        opened={asking}
        title={t.jobs.cancelTitle(job.kind)}
        confirm={t.jobs.cancelDo}
        busy={cancel.isPending}
        onClose={() => setAsking(false)}
        onConfirm={() => cancel.mutate(undefined)}
      >
        {job.state === "running" ? t.jobs.cancelRunning : t.jobs.cancelWaiting}
      </Confirm>
    </>
  );
}
