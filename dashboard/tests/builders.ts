// Small valid things for tests; each test says only what matters to it.
import type { FleetRow } from "@/features/catalog/fleet/rows";
import type { Alert, BurnRule, Check, Finding, Service, ServiceState, Slo } from "@/shared/api/types";

export const NOW = Date.parse("2026-03-02T03:04:05Z");
export const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();

export function aService(name: string, given: Partial<Service> = {}): Service {
  return {
    name,
    description: null,
    owner: "platform",
    tier: "standard",
    environment: "production",
    links: [],
    endpoints: [],
    dependencies: [],
    managed_by: "import",
    source: null,
    created_at: ago(9e5),
    updated_at: ago(9e5),
    version: 1,
    ...given,
  };
}

export function aState(service: string, given: Partial<ServiceState> = {}): ServiceState {
  return {
    service,
    state: "up",
    since: ago(86_400),
    reason: null,
    cause: null,
    checks: { up: 1, down: 0, unknown: 0 },
    latency_p95_ms: 20,
    uptime_24h_ratio: 1,
    ...given,
  };
}

export function aRow(name: string, given: Partial<FleetRow> = {}): FleetRow {
  return {
    name,
    owner: "platform",
    tier: "standard",
    description: null,
    state: "up",
    since: ago(86_400),
    reason: null,
    cause: null,
    p95: 20,
    uptime: 1,
    slo: null,
    ...given,
  };
}

export function aSlo(service: string, left: number | null, given: Partial<Slo["budget"]> = {}): Slo {
  return {
    id: `slo-${service}`,
    name: `${service} availability`,
    service,
    sli: { kind: "availability", checks: null },
    objective: 99.9,
    window: { kind: "rolling", seconds: 30 * 86_400 },
    managed_by: "file",
    source: null,
    version: 1,
    created_at: ago(40 * 86_400),
    description: null,
    budget: {
      state: left === null ? "no-data" : left <= 0 ? "exhausted" : left < 0.2 ? "warning" : "ok",
      summary: "",
      recent: null,
      window_from: ago(30 * 86_400),
      window_to: ago(0),
      total: 172_800,
      bad: 66,
      allowed_bad: 172.8,
      remaining_ratio: left,
      remaining_events: left === null ? null : Math.floor(172.8 * left),
      allowed_minutes: 43.2,
      remaining_minutes: left === null ? null : 43.2 * left,
      burn_rate: left === null ? null : 0.4,
      exhausted_at: null,
      one_failure_pages_below_per_hour: 13.9,
      percentiles: null,
      throughput_per_s: null,
      ...given,
    },
    alerts: [
      [14.4, 3600, "page"],
      [6, 21_600, "page"],
      [3, 86_400, "ticket"],
      [1, 259_200, "ticket"],
    ].map(
      ([factor, long_s, severity]) =>
        ({
          severity,
          factor,
          long_s,
          short_s: Number(long_s) / 12,
          burn_long: 0,
          burn_short: 0,
          firing: false,
        }) as BurnRule,
    ),
  };
}

export function anAlert(id: string, given: Partial<Alert> = {}): Alert {
  return {
    id,
    kind: "service-down",
    severity: "page",
    state: "open",
    service: "execution",
    slo_id: null,
    title: `${given.service ?? "execution"} is down`,
    summary: "3 of 3 probes failed.",
    opened_at: ago(130),
    resolved_at: null,
    acknowledged_at: null,
    acknowledged_by: null,
    silenced: false,
    folded_under: null,
    delivered: true,
    told: { webhooks: 1, accepted: 1, summary: "1 webhook accepted it." },
    values: {},
    ...given,
  };
}

export function aCheck(id: string, given: Partial<Check> = {}): Check {
  return {
    id,
    name: `${id} health`,
    service: id,
    kind: "http",
    role: "health",
    target: "http://127.0.0.1:1/health",
    method: "GET",
    headers: [],
    body: null,
    assertions: [],
    interval_ms: 15_000,
    timeout_ms: 5000,
    failures_before_down: 3,
    successes_before_up: 2,
    retry_ms: 1000,
    follow_redirects: true,
    paused: false,
    managed_by: "catalog",
    source: null,
    version: 1,
    state: "up",
    since: ago(1000),
    last: null,
    failing_streak: 0,
    ...given,
  };
}

export function aFinding(id: string, given: Partial<Finding> = {}): Finding {
  return {
    id,
    code: "port-drift",
    severity: "warning",
    file: "registry.json",
    line: 1,
    message: "ports differ",
    values: {},
    excerpt: [],
    also: [],
    ...given,
  };
}
