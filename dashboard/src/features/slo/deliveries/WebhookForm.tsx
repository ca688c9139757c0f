// Makes a webhook, then shows its secret the one time it can be seen.

import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useState } from "react";
import { api } from "@/shared/api/endpoints";
import type { Webhook } from "@/shared/api/types";
import { FormFoot, formClass, useAction } from "@/shared/ui/actions";
import { Copy } from "@/shared/ui/basics";
import { Dialog } from "@/shared/ui/Dialog";
import { t } from "../strings";
import css from "./DeliveriesPage.module.css";

export function WebhookForm({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const [made, setMade] = useState<Webhook | null>(null);
  const close = () => {
    setMade(null);
    onClose();
  };
  return (
    <Dialog
      opened={opened}
      onClose={close}
      // A stray click must not lose the secret.
      closeOnClickOutside={made === null}
      title={made ? t.deliveries.created(made.name) : t.deliveries.createTitle}
    >
      {opened && (made ? <Secret webhook={made} onClose={close} /> : <Fields onMade={setMade} onClose={close} />)}
    </Dialog>
  );
}

function Fields({ onMade, onClose }: { onMade: (webhook: Webhook) => void; onClose: () => void }) {
  const [name, setName] = useState("");
  const [url, setUrl] = useState("");
  const [format, setFormat] = useState<Webhook["format"]>("mainstay");
  const create = useAction({
    inForm: true,
    what: `create the webhook ${name}`,
    run: () => api.createWebhook({ name: name.trim(), url: url.trim(), format, enabled: true }),
    touches: ["webhooks"],
    onDone: onMade,
  });
  return (
    <form
      className={formClass}
      onSubmit={(event) => {
        event.preventDefault();
        create.mutate(undefined);
      }}
    >
      <TextInput
        label={t.deliveries.name}
        description={t.deliveries.nameHint}
        required
        data-autofocus
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <TextInput
        label={t.deliveries.url}
        description={t.deliveries.urlHint}
        required
        type="url"
        placeholder="https://"
        value={url}
        onChange={(event) => setUrl(event.target.value)}
      />
      <NativeSelect
        label={t.deliveries.format}
        value={format}
        onChange={(event) => setFormat(event.target.value as Webhook["format"])}
        data={Object.entries(t.deliveries.formats).map(([value, label]) => ({ value, label }))}
      />
      <FormFoot
        confirm={t.deliveries.create}
        busy={create.isPending}
        error={create.error}
        what="create the webhook"
        onClose={onClose}
      />
    </form>
  );
}

function Secret({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  return (
    <div className={formClass}>
      <p>
        <strong>{t.deliveries.secretTitle}.</strong> {t.deliveries.secretText}
      </p>
      <div className={css.secret}>
        <code>{webhook.secret}</code>
        {webhook.secret && <Copy text={webhook.secret} what={t.deliveries.secret} />}
      </div>
      <Button variant="filled" onClick={onClose}>
        {t.deliveries.done}
      </Button>
    </div>
  );
}
