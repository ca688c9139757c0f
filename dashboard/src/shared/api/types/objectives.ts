// Promises, their budgets, and how fast these are spent.
import type { Source } from "./shared";

export interface Budget {
  /** `at-risk`: the latest events spend it faster than it lasts, and no rule fires yet. */
  state: "ok" | "at-risk" | "warning" | "burning" | "exhausted" | "no-data";
  /** The state in a sentence or two. */
  summary: string;
  window_from: string;
  window_to: string;
  total: number;
  bad: number;
  allowed_bad: number;
  /** How many events the whole window has, or will have at the pace so far. */
  expected_total?: number;
  remaining_ratio: number | null;
  remaining_events: number | null;
  allowed_minutes: number;
  remaining_minutes: number | null;
  burn_rate: number | null;
  /** The latest events, by which an objective is judged before a rule may fire. */
  recent: { window_s: number; total: number; bad: number; burn_rate: number } | null;
  exhausted_at: string | null;
  one_failure_pages_below_per_hour: number | null;
  percentiles: { p50_ms: number; p95_ms: number; p99_ms: number } | null;
  throughput_per_s: number | null;
}

export interface BurnRule {
  severity: "page" | "ticket";
  factor: number;
  long_s: number;
  short_s: number;
  burn_long: number | null;
  burn_short: number | null;
  firing: boolean;
}

export interface Slo {
  id: string;
  name: string;
  service: string;
  sli: {
    kind: "availability" | "latency" | "error-rate" | "throughput";
    checks: string[] | null;
    threshold_ms?: number | null;
    minimum_per_s?: number | null;
  };
  objective: number;
  window: { kind: "rolling"; seconds: number } | { kind: "calendar"; unit: string; time_zone: string };
  managed_by: string;
  source: Source | null;
  version: number;
  created_at: string;
  description: string | null;
  budget: Budget;
  alerts: BurnRule[];
}

export interface BurnDown {
  points: { at: string; remaining_ratio: number | null; total: number; bad: number }[];
  events: { at: string; kind: "alert" | "maintenance" | "change"; title: string; id: string | null }[];
}
