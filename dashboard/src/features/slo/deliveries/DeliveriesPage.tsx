// Who is told, and whether it arrived: webhooks, and every delivery with its attempts.
import { Button } from "@mantine/core";
import { useQueries, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { q } from "@/shared/api/queries";
import type { Delivery, Webhook } from "@/shared/api/types";
import { count, plural } from "@/shared/lib/format";
import { useEnvironment } from "@/shared/lib/range";
import type { Piece } from "@/shared/lib/sentence";
import { Ago, Empty, ErrorNote, PageHead, Panel, Tag, Waiting } from "@/shared/ui/basics";
import { Filters, SelectFilter } from "@/shared/ui/filters";
import { Icon } from "@/shared/ui/icons";
import { SplitView } from "@/shared/ui/SplitView";
import { useSelection } from "@/shared/ui/useSelection";
import { t } from "../strings";
import css from "./DeliveriesPage.module.css";
import { DeliveryDetail } from "./DeliveryDetail";
import { deliveryTone } from "./tone";
import { WebhookForm } from "./WebhookForm";
import { WebhookList } from "./WebhookList";

export function deliveriesSentence(webhooks: Webhook[], deliveries: Delivery[]): Piece[] {
  if (webhooks.length === 0) return ["Alerts are not sent anywhere yet."];
  const pieces: Piece[] = [`Alerts are sent to ${plural(webhooks.filter((each) => each.enabled).length, "webhook")}.`];
  const of = (status: Delivery["status"]) => deliveries.filter((each) => each.status === status).length;
  const dead = of("dead");
  const failed = of("failed");
  if (deliveries.length === 0) pieces.push(" Nothing has been sent so far.");
  else if (dead + failed === 0) {
    pieces.push(
      of("pending") > 0 ? ` ${count(of("pending"))} of the latest are on their way.` : " All of the latest arrived.",
    );
  }
  if (failed > 0)
    pieces.push(" ", { text: count(failed), tone: "warn" }, ` ${failed === 1 ? "is" : "are"} being tried again.`);
  if (dead > 0) pieces.push(" ", { text: count(dead), tone: "bad" }, ` ${dead === 1 ? "was" : "were"} given up.`);
  return pieces;
}

/** What each delivery was about. An alert that is no longer kept falls back to the event. */
function useTitles(): (delivery: Delivery) => string {
  const environment = useEnvironment();
  const lists = useQueries({
    queries: (["open", "resolved"] as const).map((state) => q.alerts(environment, state)),
  });
  const titles = new Map(lists.flatMap((list) => list.data ?? []).map((alert) => [alert.id, alert.title]));
  return (delivery) =>
    titles.get(delivery.alert_id ?? "") ??
    (delivery.event === "test" ? t.deliveries.testTitle : t.deliveries.someAlert);
}

export function DeliveriesPage() {
  const titleOf = useTitles();
  const webhooks = useQuery(q.webhooks());
  const deliveries = useQuery(q.deliveries());
  const search = useSearch({ from: "/deliveries" });
  const navigate = useNavigate({ from: "/deliveries" });
  const set = (change: Partial<typeof search>, replace = true) =>
    void navigate({ search: (old) => ({ ...old, ...change }), replace });
  const shown = useMemo(
    () =>
      (deliveries.data ?? []).filter(
        (each) =>
          (!search.webhook || each.webhook_id === search.webhook) && (!search.status || each.status === search.status),
      ),
    [deliveries.data, search.webhook, search.status],
  );
  const ids = useMemo(() => shown.map((each) => each.id), [shown]);
  const { selected } = useSelection({
    ids,
    onOpen: (id) => set({ id }, false),
    onMove: (at) => document.getElementById(`delivery-${ids[at]}`)?.scrollIntoView({ block: "nearest" }),
  });
  const error = webhooks.error ?? deliveries.error;
  if (error && !webhooks.data) {
    return (
      <>
        <PageHead title={t.pages.deliveries} pieces={[t.common.couldNot("load the deliveries")]} />
        <ErrorNote page error={error} what="load the deliveries" retry={() => void webhooks.refetch()} />
      </>
    );
  }
  return (
    <>
      <PageHead
        title={t.pages.deliveries}
        pieces={webhooks.data && deliveries.data ? deliveriesSentence(webhooks.data, deliveries.data) : undefined}
        actions={
          <Button variant="filled" leftSection={<Icon name="plus" size={15} />} onClick={() => set({ create: true })}>
            {t.deliveries.create}
          </Button>
        }
      />
      <WebhookForm opened={search.create === true} onClose={() => set({ create: undefined })} />
      {!webhooks.data || !deliveries.data ? (
        <Panel title={t.deliveries.deliveries} flush>
          <Waiting rows={6} height={28} />
        </Panel>
      ) : webhooks.data.length === 0 && deliveries.data.length === 0 ? (
        <Panel flush>
          <Empty
            title={t.deliveries.empty}
            action={
              <Button variant="filled" onClick={() => set({ create: true })}>
                {t.deliveries.create}
              </Button>
            }
          >
            <p>{t.deliveries.emptyText}</p>
          </Empty>
        </Panel>
      ) : (
        <SplitView
          shown={search.id}
          onClose={() => set({ id: undefined })}
          detail={search.id ? <DeliveryDetail key={search.id} id={search.id} /> : null}
          list={
            <div className={css.stack}>
              <WebhookList webhooks={webhooks.data} onTested={(id) => set({ id }, false)} />
              <Panel
                title={t.deliveries.deliveries}
                flush
                actions={
                  <Filters>
                    <SelectFilter
                      label={t.deliveries.webhooks}
                      any={t.deliveries.anyWebhook}
                      value={search.webhook}
                      options={webhooks.data.map((each) => ({ value: each.id, label: each.name }))}
                      onChange={(webhook) => set({ webhook })}
                    />
                    <SelectFilter
                      label={t.common.state}
                      any={t.deliveries.anyStatus}
                      value={search.status}
                      options={Object.entries(t.deliveries.status).map(([value, label]) => ({ value, label }))}
                      onChange={(status) => set({ status })}
                    />
                  </Filters>
                }
              >
                {shown.length === 0 ? (
                  <p className={css.none}>
                    {deliveries.data.length === 0 ? t.deliveries.noDeliveries : t.common.nothingMatches}
                  </p>
                ) : (
                  <div>
                    {shown.map((delivery) => (
                      <button
                        key={delivery.id}
                        id={`delivery-${delivery.id}`}
                        type="button"
                        className={css.row}
                        data-current={delivery.id === search.id || undefined}
                        data-selected={delivery.id === selected || undefined}
                        onClick={() => set({ id: delivery.id }, false)}
                      >
                        <span className={css.text}>
                          <span className={css.title}>{titleOf(delivery)}</span>
                          <span className={css.error}>
                            {t.deliveries.events[delivery.event] ?? delivery.event} → {delivery.webhook_name}
                            {delivery.last_error && `: ${delivery.last_error}`}
                          </span>
                        </span>
                        <Tag tone={deliveryTone[delivery.status]}>{t.deliveries.status[delivery.status]}</Tag>
                        <span className={css.when}>
                          <Ago at={delivery.created_at} />
                        </span>
                      </button>
                    ))}
                  </div>
                )}
              </Panel>
            </div>
          }
        />
      )}
    </>
  );
}
