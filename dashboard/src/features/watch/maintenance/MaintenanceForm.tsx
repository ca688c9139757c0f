// The form that announces maintenance.

import { NativeSelect, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/shared/api/endpoints";
import { q } from "@/shared/api/queries";
import { useEnvironment } from "@/shared/lib/range";
import { FormFoot, formClass, useAction } from "@/shared/ui/actions";
import { Dialog } from "@/shared/ui/Dialog";
import { t } from "@/strings";

interface Props {
  opened: boolean;
  /** Fixed when the form is opened from a service. */
  service?: string;
  onClose: () => void;
}

export function MaintenanceForm({ opened, service, onClose }: Props) {
  return (
    <Dialog
      opened={opened}
      onClose={onClose}
      title={service ? `${t.maintenance.title}: ${service}` : t.maintenance.title}
    >
      {opened && <Fields service={service} onClose={onClose} />}
    </Dialog>
  );
}

function Fields({ service, onClose }: { service: string | undefined; onClose: () => void }) {
  const environment = useEnvironment();
  const services = useQuery({ ...q.services(environment), enabled: service === undefined });
  const [chosen, setChosen] = useState(service ?? "");
  const [reason, setReason] = useState("");
  const [minutes, setMinutes] = useState("30");
  const create = useAction({
    inForm: true,
    what: "start the maintenance",
    run: () =>
      api.startMaintenance(
        {
          service: chosen || null,
          reason,
          starts_at: new Date().toISOString(),
          ends_at: new Date(Date.now() + Number(minutes) * 60_000).toISOString(),
        },
        environment,
      ),
    done: () => t.maintenance.created(chosen || t.common.wholeFleet.toLowerCase()),
    undo: (made) => api.endMaintenance(made.id),
    touches: ["maintenance", "states", "checks"],
    onDone: onClose,
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
      {service === undefined && (
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
