// The shapes of the HTTP interface as docs/api-design.md states them.

export type State = "up" | "degraded" | "down" | "unknown" | "maintenance";
export type Tier = "critical" | "high" | "standard" | "low";

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface Source {
  kind:
    | "person"
    | "mainstay"
    | "backstage"
    | "registry"
    | "service-yaml"
    | "compose"
    | "kubernetes"
    | "prometheus"
    | "slos"
    | "monitor-toml";
  file: string | null;
  line: number | null;
  version: string | null;
}

export interface Service {
  name: string;
  description: string | null;
  owner: string | null;
  tier: Tier;
  environment: string;
  links: { title: string; url: string }[];
  endpoints: { kind: "health" | "readiness" | "liveness" | "metrics" | "base"; url: string }[];
  dependencies: { service: string; kind: "hard" | "soft" }[];
  managed_by: "file" | "api" | "import";
  source: Source | null;
  created_at: string;
  updated_at: string;
  version: number;
}

export interface Fact {
  service: string;
  field: string;
  value: unknown;
  source: Source;
  wins: boolean;
  superseded: boolean;
}

export interface Edge {
  from: string;
  to: string;
  kind: "hard" | "soft";
  source: Source | null;
}

export interface Dependencies {
  edges: Edge[];
  cycles: string[][];
}

export type Severity = "error" | "warning" | "info";

export interface Finding {
  id: string;
  code: string;
  severity: Severity;
  file: string;
  line: number | null;
  message: string;
  values: Record<string, unknown>;
  excerpt: { line: number; text: string }[];
  also: { file: string; line: number; text: string }[];
  /** Somebody decided to live with it; it does not count in the summary. */
  accepted?: boolean;
}

export interface ImportFile {
  path: string;
  kind: string;
  status: "read" | "recognised" | "unknown" | "superseded" | "failed";
  note: string | null;
  services: number;
}

export interface ImportChange {
  change: "added" | "changed" | "removed" | "kept";
  service: string;
  field: string | null;
  before: unknown;
  after: unknown;
}

export interface Import {
  id: string;
  at: string;
  dry_run: boolean;
  files: ImportFile[];
  findings: Finding[];
  proposals: { name: string; matches: string; because: string; file: string; line: number | null }[];
  changes: ImportChange[];
  summary: { files: number; services: number; errors: number; warnings: number; infos: number };
}

/** Something that was given and not read; it is listed in the report all the same. */
export interface LeftOut {
  path: string;
  kind: "unreadable" | "too-large" | "binary" | "link" | "folder" | "special";
  note: string;
  line?: number | null;
}

export interface ImportRequest {
  files: { path: string; content: string }[];
  left_out: LeftOut[];
  dry_run: boolean;
  aliases: Record<string, string>;
  accept: string[];
}

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

export interface Alert {
  id: string;
  kind: "service-down" | "burn-rate" | "budget-spent";
  severity: "page" | "ticket";
  state: "open" | "resolved";
  service: string;
  slo_id: string | null;
  title: string;
  summary: string;
  opened_at: string;
  resolved_at: string | null;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
  silenced: boolean;
  folded_under: { alert_id: string; service: string; path: string[] } | null;
  /** Whether at least one webhook has accepted its opening. */
  delivered: boolean;
  /** Whom its opening was handed to; null while nobody is to be told, because it waits, is folded or is silenced. */
  told: { webhooks: number; accepted: number; summary: string } | null;
  values: Record<string, unknown>;
  timeline?: { at: string; what: AlertStep; detail: string | null }[];
}

export type AlertStep =
  | "opened"
  | "held"
  | "told"
  | "nobody-told"
  | "delivered"
  | "given-up"
  | "folded"
  | "root-resolved"
  | "unfolded"
  | "silenced"
  | "escalated"
  | "acknowledged"
  | "unacknowledged"
  | "resolved";

export interface Silence {
  id: string;
  service: string | null;
  slo_id: string | null;
  kind: Alert["kind"] | null;
  reason: string;
  created_by: string;
  starts_at: string;
  ends_at: string;
  /** The file that declares it. */
  source?: string | null;
}

export interface Webhook {
  id: string;
  name: string;
  url: string;
  format: "mainstay" | "alertmanager";
  secret_set: boolean;
  enabled: boolean;
  managed_by: string;
  created_at: string;
  secret?: string | null;
}

export interface Attempt {
  at: string;
  ok: boolean;
  status: number | null;
  duration_ms: number;
  error: string | null;
  response_excerpt: string | null;
}

export interface Delivery {
  id: string;
  webhook_id: string;
  webhook_name: string;
  alert_id: string | null;
  event: "alert.opened" | "alert.escalated" | "alert.resolved" | "alert.acknowledged" | "test";
  status: "pending" | "delivered" | "failed" | "dead";
  attempts: number | Attempt[];
  next_attempt_at: string | null;
  created_at: string;
  delivered_at: string | null;
  last_error: string | null;
  body?: unknown;
}

export interface Meta {
  version: string;
  started_at: string;
  database: "sqlite" | "postgresql";
  environment: string;
  environments: string[];
  demo?: boolean;
  /** Nothing that is shown is older; null without services. */
  first_service_at: string | null;
  counts: { services: number; checks: number; slos: number; open_alerts: number };
}

export interface AdminTask {
  name: string;
  state: "running" | "idle" | "failed" | "finished" | "stopped";
  started_at: string;
  last_run_at: string | null;
  last_error: string | null;
  runs: number;
  detail: string | null;
}

export interface Problem {
  type?: string;
  title: string;
  status: number;
  code: string;
  detail?: string | null;
  errors?: { field: string; message: string }[];
  request_id?: string | null;
}
