// Query keys and options: what is kept, under which name, and for how long it counts as fresh. Live events
// (`live.ts`) write into the same keys, so most queries need no polling; the slow refresh is the safety net.
import { QueryClient, queryOptions } from "@tanstack/react-query";
import { ApiError } from "./client";
import { api, type Outcome } from "./endpoints";

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
  strips: (env: string | undefined, hours: number, slots: number) => ["strips", env, hours, slots] as const,
  strip: (env: string | undefined, name: string, hours: number, slots: number) =>
    ["strip", env, name, hours, slots] as const,
  checks: (env?: string) => ["checks", env] as const,
  probes: (id: string, outcome?: string) => ["probes", id, outcome] as const,
  history: (id: string, hours: number) => ["history", id, hours] as const,
  maintenance: (env?: string) => ["maintenance", env] as const,
  slos: (env?: string) => ["slos", env] as const,
  slo: (id: string) => ["slo", id] as const,
  burnDown: (id: string, hours: number | null) => ["burn-down", id, hours] as const,
  alerts: (env: string | undefined, state: string) => ["alerts", env, state] as const,
  alert: (id: string) => ["alert", id] as const,
  silences: (env?: string) => ["silences", env] as const,
  webhooks: ["webhooks"] as const,
  deliveries: ["deliveries"] as const,
  delivery: (id: string) => ["delivery", id] as const,
  imports: ["imports"] as const,
  import: (id: string) => ["import", id] as const,
};

/** From `hours` ago until now, rounded to the minute so that repeated requests are the same request. */
function span(hours: number): { from: string; to: string } {
  const to = Math.ceil(Date.now() / MINUTE) * MINUTE;
  return { from: new Date(to - hours * 60 * MINUTE).toISOString(), to: new Date(to).toISOString() };
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
  strips: (env: string | undefined, hours: number, slots: number) =>
    queryOptions({
      queryKey: keys.strips(env, hours, slots),
      queryFn: () => api.strips(env, hours, slots),
      refetchInterval: MINUTE,
    }),
  strip: (env: string | undefined, name: string, hours: number, slots: number) =>
    queryOptions({
      queryKey: keys.strip(env, name, hours, slots),
      queryFn: () => api.strip(env, name, hours, slots),
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
  history: (id: string, hours: number) =>
    queryOptions({
      queryKey: keys.history(id, hours),
      queryFn: () => {
        const { from, to } = span(hours);
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
  burnDown: (id: string, hours: number | null) =>
    queryOptions({
      queryKey: keys.burnDown(id, hours),
      queryFn: () => {
        if (hours === null) return api.burnDown(id);
        const { from, to } = span(hours);
        return api.burnDown(id, from, to);
      },
      refetchInterval: MINUTE,
    }),
  alerts: (env: string | undefined, state: "open" | "folded" | "resolved") =>
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
