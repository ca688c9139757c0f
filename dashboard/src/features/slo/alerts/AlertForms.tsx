// Who takes an alert on, and for how long a service's alerts are kept quiet.
import { NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { api } from "@/shared/api/endpoints";
import type { Alert } from "@/shared/api/types";
import { clock } from "@/shared/lib/format";
import { useEnvironment } from "@/shared/lib/range";
import { FormFoot, formClass, useAction } from "@/shared/ui/actions";
import { t } from "../strings";

const NAME_KEY = "mainstay.name";

function rememberedName(): string {
  try {
    return localStorage.getItem(NAME_KEY) ?? "";
  } catch {
    return "";
  }
}

function rememberName(name: string) {
  try {
    localStorage.setItem(NAME_KEY, name);
  } catch {
    // Without storage the name is asked for again next time.
  }
}

export function AcknowledgeForm({ alert, onClose }: { alert: Alert; onClose: () => void }) {
  const [by, setBy] = useState(rememberedName());
  const [note, setNote] = useState("");
  const acknowledge = useAction({
    inForm: true,
    what: `acknowledge ${alert.title}`,
    run: () => api.acknowledge(alert.id, { by: by.trim(), note: note.trim() || null }),
    done: () => t.alerts.acknowledged(alert.title),
    undo: () => api.unacknowledge(alert.id),
    touches: ["alerts", "alert"],
    onDone: () => {
      rememberName(by.trim());
      onClose();
    },
  });
  return (
    <form
      className={formClass}
      onSubmit={(event) => {
        event.preventDefault();
        acknowledge.mutate(undefined);
      }}
    >
      <TextInput
        label={t.alerts.who}
        description={t.alerts.whoText}
        required
        data-autofocus
        value={by}
        onChange={(event) => setBy(event.target.value)}
      />
      <Textarea label={t.alerts.note} rows={2} value={note} onChange={(event) => setNote(event.target.value)} />
      <FormFoot
        confirm={t.alerts.acknowledge}
        busy={acknowledge.isPending}
        error={acknowledge.error}
        what="acknowledge this alert"
        onClose={onClose}
      />
    </form>
  );
}

export function SilenceForm({ alert, onClose }: { alert: Alert; onClose: () => void }) {
  const environment = useEnvironment();
  const [by, setBy] = useState(rememberedName());
  const [reason, setReason] = useState("");
  const [minutes, setMinutes] = useState("60");
  const silence = useAction({
    inForm: true,
    what: `silence alerts of ${alert.service}`,
    run: () =>
      api.silence(
        {
          service: alert.service,
          slo_id: null,
          kind: null,
          reason: reason.trim(),
          created_by: by.trim(),
          starts_at: new Date().toISOString(),
          ends_at: new Date(Date.now() + Number(minutes) * 60_000).toISOString(),
        },
        environment,
      ),
    done: (made) => t.alerts.silencedUntil(alert.service, clock(made.ends_at)),
    undo: (made) => api.endSilence(made.id),
    touches: ["silences", "alerts", "alert"],
    onDone: () => {
      rememberName(by.trim());
      onClose();
    },
  });
  return (
    <form
      className={formClass}
      onSubmit={(event) => {
        event.preventDefault();
        silence.mutate(undefined);
      }}
    >
      <p className="muted">{t.alerts.silenceText}</p>
      <TextInput
        label={t.common.reason}
        required
        data-autofocus
        value={reason}
        onChange={(event) => setReason(event.target.value)}
      />
      <NativeSelect
        label={t.alerts.duration}
        value={minutes}
        onChange={(event) => setMinutes(event.target.value)}
        data={Object.entries(t.alerts.durations).map(([value, label]) => ({ value, label }))}
      />
      <TextInput label={t.alerts.who} required value={by} onChange={(event) => setBy(event.target.value)} />
      <FormFoot
        confirm={t.alerts.silence.replace("…", "")}
        busy={silence.isPending}
        error={silence.error}
        what="silence these alerts"
        onClose={onClose}
      />
    </form>
  );
}
