// Checks, their probes, and the states and history that follow.
import type { Source } from "./shared";

export type State = "up" | "degraded" | "down" | "unknown" | "maintenance";

export interface Failure {
  kind: string;
  message: string;
}

export interface Phases {
  resolve_ms: number | null;
  connect_ms: number | null;
  tls_ms: number | null;
  first_byte_ms: number | null;
  body_ms: number | null;
}

export interface Probe {
  at: string;
  ok: boolean;
  duration_ms: number;
  phases: Phases;
  status: number | null;
  failure: Failure | null;
  address: string | null;
  body_bytes: number | null;
  health: { status: string; dependencies: { name: string; status: string }[] } | null;
  tls_days_left: number | null;
  attempt: "scheduled" | "retry" | "manual";
}

export type Assertion = { on: "status" | "body" | "json" | "header" | "latency" | "tls" } & Record<string, unknown>;

export interface Check {
  id: string;
  name: string;
  service: string;
  kind: "http" | "tcp";
  role: "health" | "readiness" | "liveness" | "custom";
  target: string;
  method: string;
  headers: { name: string; value: string | null; secret: boolean }[];
  body: string | null;
  assertions: Assertion[];
  interval_ms: number;
  timeout_ms: number;
  failures_before_down: number;
  successes_before_up: number;
  retry_ms: number;
  follow_redirects: boolean;
  paused: boolean;
  managed_by: "catalog" | "file" | "api";
  source: Source | null;
  version: number;
  state: "up" | "down" | "unknown" | "paused" | "maintenance";
  since: string;
  last: Probe | null;
  failing_streak: number;
}

export interface HistoryPoint {
  at: string;
  total: number;
  failed: number;
  maintenance: number;
  p50_ms: number | null;
  p95_ms: number | null;
  p99_ms: number | null;
  max_ms: number | null;
}

export interface History {
  resolution_s: number;
  points: HistoryPoint[];
}

export interface ServiceState {
  service: string;
  state: State;
  since: string;
  reason: string | null;
  cause: { service: string; path: string[] } | null;
  checks: { up: number; down: number; unknown: number };
  latency_p95_ms: number | null;
  uptime_24h_ratio: number | null;
}

export interface Strip {
  from: string;
  slot_s: number;
  slots: State[];
}

/** How a service did lately, in slots. */
export interface Trend {
  service: string;
  from: string;
  slot_s: number;
  /** Probes outside maintenance. */
  counted: number[];
  availability_ratio: (number | null)[];
  latency_p95_ms: (number | null)[];
}

export interface Maintenance {
  id: string;
  service: string | null;
  reason: string;
  starts_at: string;
  ends_at: string;
  /** The file that declares it. */
  source?: string | null;
}
