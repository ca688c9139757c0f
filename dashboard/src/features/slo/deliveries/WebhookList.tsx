// The webhooks, each with a test and a way to go.
import { Button } from "@mantine/core";
import { useState } from "react";
import { api } from "@/shared/api/endpoints";
import type { Webhook } from "@/shared/api/types";
import { Confirm, useAction } from "@/shared/ui/actions";
import { Panel, Tag } from "@/shared/ui/basics";
import { t } from "../strings";
import css from "./DeliveriesPage.module.css";

export function WebhookList({ webhooks, onTested }: { webhooks: Webhook[]; onTested: (id: string) => void }) {
  const [removing, setRemoving] = useState<Webhook | null>(null);
  const test = useAction({
    what: "send the test",
    run: (hook: Webhook) => api.testWebhook(hook.id),
    done: (_, hook) => t.deliveries.tested(hook.name),
    touches: ["deliveries"],
    onDone: (delivery) => onTested(delivery.id),
  });
  const remove = useAction({
    what: `delete the webhook ${removing?.name ?? ""}`,
    run: (hook: Webhook) => api.deleteWebhook(hook.id),
    done: (_, hook) => t.deliveries.removed(hook.name),
    touches: ["webhooks"],
    onDone: () => setRemoving(null),
  });
  return (
    <Panel title={t.deliveries.webhooks} flush>
      {webhooks.length === 0 && <p className={css.none}>{t.deliveries.empty}</p>}
      {webhooks.map((hook) => (
        <div key={hook.id} className={css.hook}>
          <span className={css.hookText}>
            <strong>{hook.name}</strong>
            <code>{hook.url}</code>
          </span>
          <span className={css.buttons}>
            <Tag>{hook.format}</Tag>
            {!hook.enabled && <Tag tone="warn">{t.deliveries.disabled}</Tag>}
            {!hook.secret_set && <Tag tone="warn">{t.deliveries.unsigned}</Tag>}
          </span>
          <span className={css.buttons}>
            <Button
              size="xs"
              aria-label={`${t.deliveries.test}: ${hook.name}`}
              loading={test.isPending && test.variables?.id === hook.id}
              onClick={() => test.mutate(hook)}
            >
              {t.deliveries.test}
            </Button>
            {hook.managed_by === "api" && (
              <Button size="xs" aria-label={`${t.deliveries.remove} ${hook.name}`} onClick={() => setRemoving(hook)}>
                {t.deliveries.remove}
              </Button>
            )}
          </span>
        </div>
      ))}
      <Confirm
        opened={removing !== null}
        title={t.deliveries.removeTitle(removing?.name ?? "")}
        confirm={t.deliveries.removeDo}
        busy={remove.isPending}
        onClose={() => setRemoving(null)}
        onConfirm={() => removing && remove.mutate(removing)}
      >
        {t.deliveries.removeText(removing?.name ?? "")}
      </Confirm>
    </Panel>
  );
}
