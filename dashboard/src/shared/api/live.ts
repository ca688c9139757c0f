// Merges live events into what the queries hold, so that every page that shows a thing changes with it. Events are
// collected and applied together a few times a second: a storm of them must not make the page stutter.
import type { QueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { worst } from "@/shared/lib/state";
import { authorization } from "./client";
import { keepStream, type SseMessage, type StreamStatus } from "./sse";
import type { Alert, Check, Delivery, Probe, ServiceState, Slo, State } from "./types";

export interface LiveEvent {
  topic: string;
  data: unknown;
}

type ProbeEvent = Pick<Probe, "at" | "ok" | "duration_ms" | "failure"> & { check_id: string; service: string };
type CheckStateEvent = Pick<Check, "state" | "since"> & { check_id: string; service: string; reason: string | null };
type BudgetEvent = { slo_id: string; service: string; remaining_ratio: number | null; burn_rate: number | null };
type DeliveryEvent = Pick<Delivery, "id" | "webhook_id" | "alert_id" | "status">;

/** Replaces the items a map names and keeps the identity of everything else; new items go to the end. */
export function mergeBy<T>(items: T[], changed: Map<string, T>, id: (item: T) => string): T[] {
  if (changed.size === 0) return items;
  const left = new Map(changed);
  const merged = items.map((item) => {
    const next = left.get(id(item));
    if (!next) return item;
    left.delete(id(item));
    return next;
  });
  return left.size === 0 ? merged : [...merged, ...left.values()];
}

/** Puts an alert where it now belongs and takes it out of where it was. */
export function placeAlert(list: Alert[], alert: Alert, belongs: boolean): Alert[] {
  const index = list.findIndex((each) => each.id === alert.id);
  if (!belongs) return index < 0 ? list : list.filter((each) => each.id !== alert.id);
  if (index >= 0) return list.map((each) => (each.id === alert.id ? { ...each, ...alert } : each));
  return [alert, ...list].sort((a, b) => b.opened_at.localeCompare(a.opened_at));
}

export function applyEvents(client: QueryClient, env: string | undefined, events: LiveEvent[]): void {
  const states = new Map<string, ServiceState>();
  const probes = new Map<string, ProbeEvent>();
  const checkStates = new Map<string, CheckStateEvent>();
  const budgets = new Map<string, BudgetEvent>();
  const deliveries = new Map<string, DeliveryEvent>();
  const stale = new Set<string>();
  for (const { topic, data } of events) {
    if (topic === "service-state") states.set((data as ServiceState).service, data as ServiceState);
    else if (topic === "probe") probes.set((data as ProbeEvent).check_id, data as ProbeEvent);
    else if (topic === "check-state") checkStates.set((data as CheckStateEvent).check_id, data as CheckStateEvent);
    else if (topic === "budget") budgets.set((data as BudgetEvent).slo_id, data as BudgetEvent);
    else if (topic === "delivery") deliveries.set((data as DeliveryEvent).id, data as DeliveryEvent);
    else if (topic === "alert") {
      applyAlert(client, env, data as Alert);
      // Whether an objective is burning or spent turns with its alerts.
      if ((data as Alert).slo_id !== null) for (const name of ["slos", "slo"]) stale.add(name);
    } else if (topic === "catalog") for (const name of CATALOG_KEYS) stale.add(name);
    else if (topic === "resync") {
      void client.invalidateQueries();
      return;
    }
  }
  if (states.size > 0) {
    client.setQueryData<ServiceState[]>(["states", env], (old) => old && withStates(old, states));
    client.setQueriesData<StripItem[]>({ queryKey: ["strips", env] }, (old) =>
      old?.map((strip) => withLatest(strip, states.get(strip.service))),
    );
  }
  if (probes.size > 0 || checkStates.size > 0) {
    client.setQueryData<Check[]>(["checks", env], (old) =>
      old?.map((check) => withEvents(check, probes.get(check.id), checkStates.get(check.id))),
    );
  }
  if (checkStates.size > 0)
    for (const id of checkStates.keys()) void client.invalidateQueries({ queryKey: ["probes", id] });
  if (budgets.size > 0) {
    const update = (slo: Slo) => {
      const next = withBudget(slo, budgets.get(slo.id));
      // The event has no state; whether an objective is at risk turns where the rate passes one.
      if (isFast(next) !== isFast(slo)) for (const name of ["slos", "slo"]) stale.add(name);
      return next;
    };
    client.setQueryData<Slo[]>(["slos", env], (old) => old?.map(update));
    for (const id of budgets.keys()) client.setQueryData<Slo>(["slo", id], (old) => old && update(old));
  }
  if (deliveries.size > 0) {
    const known = client.getQueryData<Delivery[]>(["deliveries"]);
    if (known && [...deliveries.keys()].some((id) => !known.some((each) => each.id === id))) stale.add("deliveries");
    client.setQueryData<Delivery[]>(["deliveries"], (old) =>
      old?.map((each) => {
        const event = deliveries.get(each.id);
        return event ? { ...each, status: event.status } : each;
      }),
    );
    for (const id of deliveries.keys()) void client.invalidateQueries({ queryKey: ["delivery", id] });
  }
  for (const name of stale) void client.invalidateQueries({ queryKey: [name] });
}

const CATALOG_KEYS = ["services", "service", "facts", "dependencies", "checks", "states", "slos", "imports", "meta"];

type StripItem = { service: string; slots: State[] };

/** A state that turned says nothing of latency and uptime; what was measured stays until it is measured again. */
function withStates(old: ServiceState[], changed: Map<string, ServiceState>): ServiceState[] {
  const before = new Map(old.map((each) => [each.service, each]));
  const filled = new Map(
    [...changed].map(([service, next]) => [
      service,
      {
        ...next,
        latency_p95_ms: next.latency_p95_ms ?? before.get(service)?.latency_p95_ms ?? null,
        uptime_24h_ratio: next.uptime_24h_ratio ?? before.get(service)?.uptime_24h_ratio ?? null,
      },
    ]),
  );
  return mergeBy(old, filled, (each) => each.service);
}

/** The slot that is now is as bad as the worst that happened in it. */
function withLatest(strip: StripItem, state: ServiceState | undefined): StripItem {
  const last = strip.slots.at(-1);
  if (!state || last === undefined) return strip;
  const now = last === "unknown" ? state.state : worst([last, state.state]);
  return now === last ? strip : { ...strip, slots: [...strip.slots.slice(0, -1), now] };
}

function withEvents(check: Check, probe: ProbeEvent | undefined, change: CheckStateEvent | undefined): Check {
  if (!probe && !change) return check;
  const next = { ...check };
  if (change) {
    next.state = change.state;
    next.since = change.since;
  }
  if (probe) {
    const before = check.last;
    next.last = {
      at: probe.at,
      ok: probe.ok,
      duration_ms: probe.duration_ms,
      failure: probe.failure,
      phases: { resolve_ms: null, connect_ms: null, tls_ms: null, first_byte_ms: null, body_ms: null },
      status: before?.ok === probe.ok ? before.status : null,
      address: before?.address ?? null,
      body_bytes: null,
      health: null,
      tls_days_left: before?.tls_days_left ?? null,
      attempt: "scheduled",
    };
    next.failing_streak = probe.ok ? 0 : check.failing_streak + 1;
  }
  return next;
}

const isFast = (slo: Slo) => (slo.budget.burn_rate ?? 0) > 1;

/** What follows from the part that is left is brought along, so that a page never shows two answers at once. */
function withBudget(slo: Slo, event: BudgetEvent | undefined): Slo {
  if (!event) return slo;
  const { remaining_ratio, burn_rate } = event;
  const remaining_minutes = remaining_ratio === null ? null : remaining_ratio * slo.budget.allowed_minutes;
  return { ...slo, budget: { ...slo.budget, remaining_ratio, remaining_minutes, burn_rate } };
}

function applyAlert(client: QueryClient, env: string | undefined, alert: Alert): void {
  for (const list of ["open", "resolved"] as const) {
    client.setQueryData<Alert[]>(["alerts", env, list], (old) => old && placeAlert(old, alert, list === alert.state));
  }
  void client.invalidateQueries({ queryKey: ["alert", alert.id] });
}

// The state of the stream, for the indicator in the top bar and for notes on stale panels.

export interface LiveState {
  status: StreamStatus | "offline";
  since: number;
}

let current: LiveState = { status: "connecting", since: Date.now() };
const listeners = new Set<() => void>();

function setStatus(status: LiveState["status"]): void {
  if (current.status === status) return;
  current = { status, since: Date.now() };
  for (const listener of listeners) listener();
}

export function useLiveState(): LiveState {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}

const APPLY_EVERY_MS = 250;

/** Opens the stream for one environment while the application is mounted. */
export function useLiveUpdates(client: QueryClient, env: string | undefined): void {
  useEffect(() => {
    const stop = new AbortController();
    let waiting: LiveEvent[] = [];
    let timer: number | undefined;
    const flush = () => {
      timer = undefined;
      const events = waiting;
      waiting = [];
      applyEvents(client, env, events);
    };
    const receive = (message: SseMessage) => {
      try {
        waiting.push({ topic: message.event, data: JSON.parse(message.data) });
      } catch {
        return; // A message that is not JSON (a greeting, say) carries nothing to merge.
      }
      timer ??= window.setTimeout(flush, APPLY_EVERY_MS);
    };
    const online = () => setStatus("reconnecting");
    addEventListener("online", online);
    void keepStream({
      url: `/api/v1/events${env ? `?environment=${encodeURIComponent(env)}` : ""}`,
      headers: authorization,
      onMessage: receive,
      onStatus: (status) => setStatus(status === "reconnecting" && !navigator.onLine ? "offline" : status),
      onResume: () => void client.invalidateQueries(),
      signal: stop.signal,
    });
    return () => {
      stop.abort();
      window.clearTimeout(timer);
      removeEventListener("online", online);
    };
  }, [client, env]);
}
