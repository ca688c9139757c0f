// What can be done for several services at once; each can be undone.
import { Button, CloseButton } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { MaintenanceForm } from "@/features/watch/maintenance/MaintenanceForm";
import { api } from "@/shared/api/endpoints";
import { q } from "@/shared/api/queries";
import type { Check } from "@/shared/api/types";
import { mostly, type Pooled, pooled } from "@/shared/lib/pool";
import { useEnvironment } from "@/shared/lib/range";
import { useAction } from "@/shared/ui/actions";
import { Icon } from "@/shared/ui/icons";
import { t } from "../strings";
import css from "./BulkActions.module.css";

interface Props {
  services: string[];
  /** So many of them a filter hides. */
  outOfSight: number;
  onClear: () => void;
}

const TOUCHES = ["checks", "probes", "states", "history"];

export function BulkActions({ services, outOfSight, onClear }: Props) {
  const environment = useEnvironment();
  const client = useQueryClient();
  const [planning, setPlanning] = useState(false);

  const checksOf = async (wanted: (check: Check) => boolean): Promise<Check[]> => {
    const names = new Set(services);
    const all = await client.fetchQuery(q.checks(environment));
    return all.filter((check) => names.has(check.service) && wanted(check));
  };
  const pause = useAction({
    what: t.fleet.bulk.couldNotPause(services.length),
    run: async () => mostly(pooled(await checksOf((check) => !check.paused), (check) => api.pauseCheck(check.id))),
    done: (result) => t.fleet.bulk.paused(result.done.length, result.failed.length),
    undo: (result: Pooled<Check, Check>) => pooled(result.done, ({ item }) => api.resumeCheck(item.id)),
    touches: TOUCHES,
    onDone: onClear,
  });
  const resume = useAction({
    what: t.fleet.bulk.couldNotResume(services.length),
    run: async () => mostly(pooled(await checksOf((check) => check.paused), (check) => api.resumeCheck(check.id))),
    done: (result) => t.fleet.bulk.resumed(result.done.length, result.failed.length),
    undo: (result: Pooled<Check, Check>) => pooled(result.done, ({ item }) => api.pauseCheck(item.id)),
    touches: TOUCHES,
    onDone: onClear,
  });
  return (
    <section className={css.bar} aria-label={t.fleet.bulk.label}>
      <span role="status">
        <strong>{t.fleet.bulk.chosen(services.length)}</strong>
        {outOfSight > 0 && <span className="muted"> {t.fleet.bulk.outOfSight(outOfSight)}</span>}
      </span>
      <span className={css.buttons}>
        <Button variant="filled" leftSection={<Icon name="maintenance" size={15} />} onClick={() => setPlanning(true)}>
          {t.fleet.bulk.maintenance}
        </Button>
        <Button
          leftSection={<Icon name="pause" size={15} />}
          loading={pause.isPending}
          onClick={() => pause.mutate(undefined)}
        >
          {t.fleet.bulk.pause}
        </Button>
        <Button
          leftSection={<Icon name="play" size={15} />}
          loading={resume.isPending}
          onClick={() => resume.mutate(undefined)}
        >
          {t.fleet.bulk.resume}
        </Button>
      </span>
      <CloseButton aria-label={t.fleet.bulk.clear} onClick={onClear} />
      <MaintenanceForm opened={planning} services={services} onDone={onClear} onClose={() => setPlanning(false)} />
    </section>
  );
}
