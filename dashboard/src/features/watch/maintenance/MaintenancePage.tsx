// Maintenance windows: running, planned, past.
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "@/shared/api/endpoints";
import { q } from "@/shared/api/queries";
import type { Maintenance } from "@/shared/api/types";
import { dateTime, duration, secondsBetween } from "@/shared/lib/format";
import { useNow } from "@/shared/lib/hooks";
import { useEnvironment } from "@/shared/lib/range";
import { names, type Piece } from "@/shared/lib/sentence";
import { Confirm, useAction } from "@/shared/ui/actions";
import { Empty, ErrorNote, PageHead, Panel, Tag, Waiting } from "@/shared/ui/basics";
import { Icon } from "@/shared/ui/icons";
import { t } from "../strings";
import { MaintenanceForm } from "./MaintenanceForm";
import css from "./MaintenancePage.module.css";

export function phaseOf(window: Maintenance, now: number): "running" | "planned" | "over" {
  if (new Date(window.ends_at).getTime() <= now) return "over";
  return new Date(window.starts_at).getTime() <= now ? "running" : "planned";
}

function sentence(windows: Maintenance[], now: number): Piece[] {
  const running = windows.filter((each) => phaseOf(each, now) === "running");
  const planned = windows.filter((each) => phaseOf(each, now) === "planned");
  const first = running[0];
  const pieces: Piece[] = [];
  if (!first) pieces.push("No maintenance is running.");
  else if (running.some((each) => each.service === null)) pieces.push("The whole fleet is in maintenance.");
  else {
    const services = running.map((each) => each.service ?? "");
    pieces.push(...names(services), ` ${services.length === 1 ? "is" : "are"} in maintenance.`);
  }
  const next = planned.sort((a, b) => a.starts_at.localeCompare(b.starts_at))[0];
  if (next) {
    pieces.push(
      " The next begins in ",
      duration(secondsBetween(now, next.starts_at)),
      " (",
      next.service ? { text: next.service, service: next.service } : "the whole fleet",
      ").",
    );
  }
  return pieces;
}

export function MaintenancePage() {
  const environment = useEnvironment();
  const windows = useQuery(q.maintenance(environment));
  const now = useNow(1000);
  const [creating, setCreating] = useState(false);
  const current = windows.data?.filter((each) => phaseOf(each, now) !== "over") ?? [];
  const past = windows.data?.filter((each) => phaseOf(each, now) === "over") ?? [];
  return (
    <>
      <PageHead
        title={t.pages.maintenance}
        pieces={
          windows.data
            ? sentence(windows.data, now)
            : windows.error
              ? [t.common.couldNot("load the maintenance")]
              : undefined
        }
        actions={
          <Button variant="filled" leftSection={<Icon name="plus" size={15} />} onClick={() => setCreating(true)}>
            {t.maintenance.start}
          </Button>
        }
      />
      {windows.error && !windows.data ? (
        <ErrorNote page error={windows.error} what="load the maintenance" retry={() => void windows.refetch()} />
      ) : (
        <div className={css.stack}>
          <Panel title={t.maintenance.list} flush>
            {!windows.data ? (
              <Waiting rows={3} />
            ) : current.length === 0 ? (
              <Empty title={t.maintenance.empty}>
                <p>{t.maintenance.emptyText}</p>
              </Empty>
            ) : (
              <List windows={current} now={now} />
            )}
          </Panel>
          {past.length > 0 && (
            <Panel title={t.maintenance.past} flush>
              <List windows={past} now={now} />
            </Panel>
          )}
        </div>
      )}
      <MaintenanceForm opened={creating} onClose={() => setCreating(false)} />
    </>
  );
}

function List({ windows, now }: { windows: Maintenance[]; now: number }) {
  const [ending, setEnding] = useState<Maintenance | null>(null);
  const what = ending?.service ?? t.common.wholeFleet.toLowerCase();
  const end = useAction({
    what: `end the maintenance of ${what}`,
    run: (window: Maintenance) => api.endMaintenance(window.id),
    done: (_, window) => t.maintenance.ended(window.service ?? t.common.wholeFleet.toLowerCase()),
    touches: ["maintenance", "states", "checks"],
    onDone: () => setEnding(null),
  });
  return (
    <ul className={css.list}>
      {windows.map((window) => {
        const phase = phaseOf(window, now);
        return (
          <li key={window.id}>
            <Tag tone={phase === "running" ? "info" : "quiet"}>{t.maintenance[phase]}</Tag>
            <span className={css.what}>
              {window.service ? (
                <Link to="/services/$name" params={{ name: window.service }}>
                  {window.service}
                </Link>
              ) : (
                <strong>{t.common.wholeFleet}</strong>
              )}
              <span className="muted">
                {window.reason}
                {window.source && ` (${window.source})`}
              </span>
            </span>
            <span className={css.when}>
              {dateTime(window.starts_at)}
              <span className="muted">
                {duration(secondsBetween(window.starts_at, window.ends_at))}
                {phase === "running" && `, ${duration(secondsBetween(now, window.ends_at))} left`}
              </span>
            </span>
            {phase !== "over" && !window.source && (
              <Button size="xs" onClick={() => setEnding(window)}>
                {t.maintenance.end}
              </Button>
            )}
          </li>
        );
      })}
      <Confirm
        opened={ending !== null}
        title={t.maintenance.endTitle(what)}
        confirm={t.maintenance.endDo}
        busy={end.isPending}
        onClose={() => setEnding(null)}
        onConfirm={() => ending && end.mutate(ending)}
      >
        {t.maintenance.endText}
      </Confirm>
    </ul>
  );
}
