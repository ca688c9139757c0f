// Query keys and options: what is kept, under which name, and for how long it counts as fresh. Live events
// (`live.ts`) write into the same keys, so most queries need no polling; the slow refresh is the safety net.
import { QueryClient, queryOptions } from "@tanstack/react-query";
import { Batch } from "./batch";
import { ApiError } from "./client";
import { type AlertList, api, type Outcome } from "./endpoints";
import type { Trend } from "./types";

const SECOND = 1000;
const MINUTE = 60 * SECOND;

export const keys = {
  meta: ["meta"] as const,
  tasks: ["tasks"] as const,
  services: (env?: string) => ["services", env] as const,
  service: (env: string | undefined, name: string) => ["service", env, name] as const,
  facts: (env: string | undefined, name: string) => ["facts", env, name] as const,
  dependencies: (env?: string) => ["dependencies", env] as const,
  states: (env?: string) => ["states", env] as const,
  strips: (env: string | undefined, seconds: number, slots: number) => ["strips", env, seconds, slots] as const,
  strip: (env: string | undefined, name: string, seconds: number, slots: number) =>
    ["strip", env, name, seconds, slots] as const,
  trend: (env: string | undefined, name: string, seconds: number) => ["trend", env, name, seconds] as const,
  checks: (env?: string) => ["checks", env] as const,
  probes: (id: string, outcome?: string) => ["probes", id, outcome] as const,
  history: (id: string, seconds: number) => ["history", id, seconds] as const,
  maintenance: (env?: string) => ["maintenance", env] as const,
  slos: (env?: string) => ["slos", env] as const,
  slo: (id: string) => ["slo", id] as const,
  burnDown: (id: string, seconds: number | null) => ["burn-down", id, seconds] as const,
  alerts: (env: string | undefined, state: AlertList) => ["alerts", env, state] as const,
  alert: (id: string) => ["alert", id] as const,
  silences: (env?: string) => ["silences", env] as const,
  webhooks: ["webhooks"] as const,
  deliveries: ["deliveries"] as const,
  delivery: (id: string) => ["delivery", id] as const,
  imports: ["imports"] as const,
  import: (id: string) => ["import", id] as const,
};

/** From `seconds` ago until now, rounded to the minute so that repeated requests are the same request. */
function span(seconds: number): { from: string; to: string } {
  const to = Math.ceil(Date.now() / MINUTE) * MINUTE;
  return { from: new Date(to - seconds * SECOND).toISOString(), to: new Date(to).toISOString() };
}

const MOST_SLOTS = 500;

/** The server cuts whole hours into slots. Of a shorter span the last slots are kept. */
export function stripRequest(seconds: number, slots: number): { hours: number; ask: number; keep: number } {
  const hours = Math.max(1, Math.ceil(seconds / 3600));
  const ask = Math.min(MOST_SLOTS, Math.round((slots * hours * 3600) / seconds));
  return { hours, ask, keep: Math.max(1, Math.round((ask * seconds) / (hours * 3600))) };
}

/** Slots for a small line: no shorter than a minute, and as long as the server's buckets where it can be. */
export function trendRequest(seconds: number): { hours: number; ask: number; keep: number } {
  const hours = Math.max(1, Math.ceil(seconds / 3600));
  const ask = hours === 1 ? 60 : hours <= 12 ? 36 : hours <= 24 ? 24 : hours <= 168 ? 42 : 60;
  return { hours, ask, keep: Math.max(2, Math.round((ask * seconds) / (hours * 3600))) };
}

const MOST_TRENDS = 100;
const trendBatches = new Map<string, Batch<Trend | null>>();

function trendBatch(env: string | undefined, seconds: number): Batch<Trend | null> {
  const key = `${env} ${seconds}`;
  const known = trendBatches.get(key);
  if (known) return known;
  const { hours, ask, keep } = trendRequest(seconds);
  const batch = new Batch<Trend | null>(
    async (names) => {
      const trends = await api.trends(env, names, hours, ask);
      return new Map(trends.map((each) => [each.service, lastSlots(each, keep)]));
    },
    null,
    MOST_TRENDS,
  );
  trendBatches.set(key, batch);
  return batch;
}

function lastSlots(trend: Trend, keep: number): Trend {
  return {
    ...trend,
    counted: trend.counted.slice(-keep),
    availability_ratio: trend.availability_ratio.slice(-keep),
    latency_p95_ms: trend.latency_p95_ms.slice(-keep),
  };
}

export const q = {
  meta: () => queryOptions({ queryKey: keys.meta, queryFn: api.meta, refetchInterval: 30 * SECOND }),
  tasks: () => queryOptions({ queryKey: keys.tasks, queryFn: api.tasks, refetchInterval: 10 * SECOND }),
  services: (env?: string) => queryOptions({ queryKey: keys.services(env), queryFn: () => api.services(env) }),
  service: (env: string | undefined, name: string) =>
    queryOptions({ queryKey: keys.service(env, name), queryFn: () => api.service(env, name) }),
  facts: (env: string | undefined, name: string) =>
    queryOptions({ queryKey: keys.facts(env, name), queryFn: () => api.facts(env, name) }),
  dependencies: (env?: string) =>
    queryOptions({ queryKey: keys.dependencies(env), queryFn: () => api.dependencies(env) }),
  states: (env?: string) =>
    queryOptions({
      queryKey: keys.states(env),
      queryFn: () => api.states(env),
      refetchInterval: (query) => ((query.state.data?.length ?? 0) > 500 ? MINUTE : 15 * SECOND),
    }),
  strips: (env: string | undefined, seconds: number, slots: number) =>
    queryOptions({
      queryKey: keys.strips(env, seconds, slots),
      queryFn: async () => {
        const { hours, ask, keep } = stripRequest(seconds, slots);
        const strips = await api.strips(env, hours, ask);
        return strips.map((each) => ({ ...each, slots: each.slots.slice(-keep) }));
      },
      refetchInterval: MINUTE,
    }),
  strip: (env: string | undefined, name: string, seconds: number, slots: number) =>
    queryOptions({
      queryKey: keys.strip(env, name, seconds, slots),
      queryFn: async () => {
        const { hours, ask, keep } = stripRequest(seconds, slots);
        const strip = await api.strip(env, name, hours, ask);
        return strip.slots.slice(-keep);
      },
      refetchInterval: MINUTE,
    }),
  /** How one service did lately; what the rows of a list want at the same time is one request. */
  trend: (env: string | undefined, name: string, seconds: number) =>
    queryOptions({
      queryKey: keys.trend(env, name, seconds),
      queryFn: ({ signal }) => trendBatch(env, seconds).load(name, signal),
      staleTime: MINUTE,
      refetchInterval: MINUTE,
    }),
  checks: (env?: string) =>
    queryOptions({ queryKey: keys.checks(env), queryFn: () => api.checks(env), refetchInterval: MINUTE }),
  probes: (id: string, outcome?: Outcome, limit = 50) =>
    queryOptions({
      queryKey: keys.probes(id, outcome),
      queryFn: () => api.probes(id, outcome, limit),
      refetchInterval: 15 * SECOND,
    }),
  history: (id: string, seconds: number) =>
    queryOptions({
      queryKey: keys.history(id, seconds),
      queryFn: () => {
        const { from, to } = span(seconds);
        return api.history(id, from, to);
      },
      refetchInterval: MINUTE,
    }),
  maintenance: (env?: string) =>
    queryOptions({ queryKey: keys.maintenance(env), queryFn: () => api.maintenance(env), refetchInterval: MINUTE }),
  slos: (env?: string) =>
    queryOptions({ queryKey: keys.slos(env), queryFn: () => api.slos(env), refetchInterval: 30 * SECOND }),
  slo: (id: string) =>
    queryOptions({ queryKey: keys.slo(id), queryFn: () => api.slo(id), refetchInterval: 15 * SECOND }),
  /** The whole window, or its last `seconds`. */
  burnDown: (id: string, seconds: number | null) =>
    queryOptions({
      queryKey: keys.burnDown(id, seconds),
      queryFn: () => {
        if (seconds === null) return api.burnDown(id);
        const { from, to } = span(seconds);
        return api.burnDown(id, from, to);
      },
      refetchInterval: MINUTE,
    }),
  alerts: (env: string | undefined, state: AlertList) =>
    queryOptions({
      queryKey: keys.alerts(env, state),
      queryFn: () => api.alerts(env, state),
      refetchInterval: MINUTE,
    }),
  alert: (id: string) =>
    queryOptions({ queryKey: keys.alert(id), queryFn: () => api.alert(id), refetchInterval: 15 * SECOND }),
  silences: (env?: string) => queryOptions({ queryKey: keys.silences(env), queryFn: () => api.silences(env) }),
  webhooks: () => queryOptions({ queryKey: keys.webhooks, queryFn: api.webhooks }),
  deliveries: () =>
    queryOptions({ queryKey: keys.deliveries, queryFn: () => api.deliveries(), refetchInterval: 15 * SECOND }),
  delivery: (id: string) =>
    queryOptions({ queryKey: keys.delivery(id), queryFn: () => api.delivery(id), refetchInterval: 5 * SECOND }),
  imports: () => queryOptions({ queryKey: keys.imports, queryFn: api.imports }),
  import: (id: string) => queryOptions({ queryKey: keys.import(id), queryFn: () => api.import(id) }),
};

export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 20 * SECOND,
        gcTime: 10 * MINUTE,
        refetchOnWindowFocus: true,
        // A refusal will not change by asking again; a lost connection or a busy server may.
        retry: (failures, error) =>
          failures < 2 && (!(error instanceof ApiError) || error.status === 0 || error.status >= 500),
        retryDelay: (attempt) => Math.min(4000, 400 * 2 ** attempt),
      },
      mutations: { retry: false },
    },
  });
}
