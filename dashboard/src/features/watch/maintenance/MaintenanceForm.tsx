// The form that announces maintenance.

import { NativeSelect, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/shared/api/endpoints";
import { q } from "@/shared/api/queries";
import { listOf, plural } from "@/shared/lib/format";
import { mostly, pooled } from "@/shared/lib/pool";
import { useEnvironment } from "@/shared/lib/range";
import { FormFoot, formClass, useAction } from "@/shared/ui/actions";
import { Dialog } from "@/shared/ui/Dialog";
import { t } from "../strings";

interface Props {
  opened: boolean;
  /** Fixed when the form is opened for a service, or for several at once. */
  services?: string[];
  onClose: () => void;
  onDone?: () => void;
}

export function MaintenanceForm({ opened, services, onClose, onDone }: Props) {
  const title = services ? `${t.maintenance.title}: ${whatOf(services)}` : t.maintenance.title;
  return (
    <Dialog opened={opened} onClose={onClose} title={title}>
      {opened && <Fields fixed={services} onClose={onClose} onDone={onDone} />}
    </Dialog>
  );
}

/** One by its name, several by their number. */
const whatOf = (services: string[]) =>
  services.length === 1 ? (services[0] ?? "") : plural(services.length, "service");

interface FieldsProps {
  fixed: string[] | undefined;
  onClose: () => void;
  onDone: (() => void) | undefined;
}

function Fields({ fixed, onClose, onDone }: FieldsProps) {
  const environment = useEnvironment();
  const services = useQuery({ ...q.services(environment), enabled: fixed === undefined });
  const [chosen, setChosen] = useState("");
  const [reason, setReason] = useState("");
  const [minutes, setMinutes] = useState("30");
  const create = useAction({
    inForm: true,
    what: "start the maintenance",
    run: () => {
      const starts_at = new Date().toISOString();
      const ends_at = new Date(Date.now() + Number(minutes) * 60_000).toISOString();
      return mostly(
        pooled(fixed ?? [chosen || null], (service) =>
          api.startMaintenance({ service, reason, starts_at, ends_at }, environment),
        ),
      );
    },
    done: ({ done, failed }) =>
      t.maintenance.created(
        fixed ? whatOf(done.map(({ item }) => item ?? "")) : chosen || t.common.wholeFleet.toLowerCase(),
        failed.map(({ item }) => item ?? ""),
      ),
    undo: ({ done }) => pooled(done, ({ result }) => api.endMaintenance(result.id)),
    touches: ["maintenance", "states", "checks"],
    onDone: () => {
      onClose();
      onDone?.();
    },
  });
  return (
    <form
      className={formClass}
      onSubmit={(event) => {
        event.preventDefault();
        create.mutate(undefined);
      }}
    >
      <p className="muted">{t.maintenance.text}</p>
      {fixed && fixed.length > 1 && <p>{listOf(fixed, 12)}</p>}
      {fixed === undefined && (
        <NativeSelect
          label={t.common.service}
          value={chosen}
          onChange={(event) => setChosen(event.target.value)}
          data={[
            { value: "", label: t.common.wholeFleet },
            ...(services.data ?? []).slice(0, 2000).map((each) => ({ value: each.name, label: each.name })),
          ]}
        />
      )}
      <TextInput
        label={t.common.reason}
        description={t.maintenance.reasonHint}
        required
        data-autofocus
        value={reason}
        onChange={(event) => setReason(event.target.value)}
      />
      <NativeSelect
        label={t.maintenance.for}
        value={minutes}
        onChange={(event) => setMinutes(event.target.value)}
        data={Object.entries(t.maintenance.durations).map(([value, label]) => ({ value, label }))}
      />
      <FormFoot
        confirm={t.maintenance.create}
        busy={create.isPending}
        error={create.error}
        what="start the maintenance"
        onClose={onClose}
      />
    </form>
  );
}
