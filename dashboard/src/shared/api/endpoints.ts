// Every request the dashboard makes, by the name of what it asks for.
import { everyPage, http, unwrap } from "./client";
import type {
  AdminTask,
  Alert,
  BurnDown,
  Check,
  Delivery,
  Dependencies,
  Fact,
  History,
  Import,
  ImportRequest,
  Maintenance,
  Meta,
  Page,
  Probe,
  Service,
  ServiceState,
  Silence,
  Slo,
  State,
  Strip,
  Trend,
  Webhook,
} from "./types";

type Environment = string | undefined;
export type Outcome = "ok" | "failed";
/** Open alerts hold those that are folded under another; `shared/lib/alerts.ts` tells them apart. */
export type AlertList = "open" | "resolved";

const BIG_PAGE = 1000;
const MOST_OPEN_ALERTS = 10_000;

const key = () => ({ "Idempotency-Key": crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` });
const path = <P extends Record<string, string>>(parameters: P) => ({ params: { path: parameters } });
const scoped = <P extends Record<string, string>>(parameters: P, environment: Environment) => ({
  params: { path: parameters, query: environment ? { environment } : {} },
});
/** Query parameters, without those that are not set. */
const query = <Q extends Record<string, unknown>>(parameters: Q) => ({
  params: { query: Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== undefined)) as Q },
});

/**
 * For enums whose variants openapi.json writes otherwise than the wire does (`Mainstay` for `mainstay`): the value is
 * what docs/api-design.md says, and the compiler is told to let it pass.
 */
const onTheWire = (value: unknown) => value as never;

export const api = {
  meta: () => unwrap<Meta>(http.GET("/api/v1/meta", {})),
  tasks: () => unwrap<Page<AdminTask>>(http.GET("/api/v1/admin/tasks", {})).then((page) => page.items),

  services: (environment: Environment) =>
    everyPage<Service>((cursor) =>
      unwrap(http.GET("/api/v1/services", query({ environment, limit: BIG_PAGE, cursor }))),
    ),
  service: (environment: Environment, name: string) =>
    unwrap<Service>(http.GET("/api/v1/services/{name}", scoped({ name }, environment))),
  facts: (environment: Environment, name: string) =>
    unwrap<Page<Fact>>(http.GET("/api/v1/services/{name}/facts", scoped({ name }, environment))).then(
      (page) => page.items,
    ),
  dependencies: (environment: Environment) =>
    unwrap<Dependencies>(http.GET("/api/v1/dependencies", query({ environment }))),

  imports: () => unwrap<Page<Import>>(http.GET("/api/v1/imports", query({ limit: 20 }))).then((page) => page.items),
  import: (id: string) => unwrap<Import>(http.GET("/api/v1/imports/{id}", path({ id }))),
  runImport: (body: ImportRequest, environment: Environment) =>
    unwrap<Import>(http.POST("/api/v1/imports", { body, ...query({ environment }), headers: key() })),

  states: (environment: Environment) =>
    everyPage<ServiceState>((cursor) =>
      unwrap(http.GET("/api/v1/service-states", query({ environment, limit: 10_000, cursor }))),
    ),
  strips: (environment: Environment, hours: number, slots: number) =>
    everyPage<{ service: string; slots: State[] }>((cursor) =>
      unwrap(http.GET("/api/v1/strips", query({ environment, hours, slots, limit: BIG_PAGE, cursor }))),
    ),
  strip: (environment: Environment, name: string, hours: number, slots: number) =>
    unwrap<Strip>(
      http.GET("/api/v1/services/{name}/strip", { params: { path: { name }, query: { environment, hours, slots } } }),
    ),

  trends: (environment: Environment, services: string[], hours: number, slots: number) =>
    unwrap<Page<Trend>>(
      http.GET("/api/v1/trends", { params: { query: { environment, service: services.join(","), hours, slots } } }),
    ).then((page) => page.items),

  checks: (environment: Environment, service?: string) =>
    everyPage<Check>((cursor) =>
      unwrap(http.GET("/api/v1/checks", query({ environment, service, limit: BIG_PAGE, cursor }))),
    ),
  check: (id: string) => unwrap<Check>(http.GET("/api/v1/checks/{id}", path({ id }))),
  runCheck: (id: string) => unwrap<Probe>(http.POST("/api/v1/checks/{id}/run", path({ id }))),
  pauseCheck: (id: string) => unwrap<Check>(http.POST("/api/v1/checks/{id}/pause", path({ id }))),
  resumeCheck: (id: string) => unwrap<Check>(http.POST("/api/v1/checks/{id}/resume", path({ id }))),
  probes: (id: string, outcome?: Outcome, limit = 50) =>
    unwrap<Page<Probe>>(
      http.GET("/api/v1/checks/{id}/probes", { params: { path: { id }, query: { limit, outcome } } }),
    ).then((page) => page.items),
  history: (id: string, from: string, to: string, resolution: "auto" | "1m" | "5m" | "1h" = "auto") =>
    unwrap<History>(
      http.GET("/api/v1/checks/{id}/history", { params: { path: { id }, query: { from, to, resolution } } }),
    ),

  maintenance: (environment: Environment) =>
    unwrap<Page<Maintenance>>(http.GET("/api/v1/maintenance", query({ environment, limit: 200 }))).then(
      (page) => page.items,
    ),
  startMaintenance: (body: Omit<Maintenance, "id">, environment: Environment) =>
    unwrap<Maintenance>(http.POST("/api/v1/maintenance", { body, ...query({ environment }), headers: key() })),
  endMaintenance: (id: string) => unwrap<void>(http.DELETE("/api/v1/maintenance/{id}", path({ id }))),

  slos: (environment: Environment, service?: string) =>
    everyPage<Slo>((cursor) =>
      unwrap(http.GET("/api/v1/slos", query({ environment, service, limit: BIG_PAGE, cursor }))),
    ),
  slo: (id: string) => unwrap<Slo>(http.GET("/api/v1/slos/{id}", path({ id }))),
  burnDown: (id: string, from?: string, to?: string) =>
    unwrap<BurnDown>(
      http.GET("/api/v1/slos/{id}/burn-down", { params: { path: { id }, query: { from, to, points: 300 } } }),
    ),

  /** Every open alert, since a headline that counts a part of them would be wrong; of those that are over the latest. */
  alerts: (environment: Environment, state: AlertList) =>
    everyPage<Alert>(
      (cursor) =>
        unwrap(
          http.GET("/api/v1/alerts", query({ environment, state, limit: state === "open" ? BIG_PAGE : 200, cursor })),
        ),
      state === "open" ? MOST_OPEN_ALERTS : 200,
    ),
  alert: (id: string) => unwrap<Alert>(http.GET("/api/v1/alerts/{id}", path({ id }))),
  acknowledge: (id: string, body: { by: string; note: string | null }) =>
    unwrap<Alert>(http.POST("/api/v1/alerts/{id}/acknowledge", { ...path({ id }), body })),
  unacknowledge: (id: string) => unwrap<Alert>(http.POST("/api/v1/alerts/{id}/unacknowledge", path({ id }))),

  silences: (environment: Environment) =>
    unwrap<Page<Silence>>(http.GET("/api/v1/silences", query({ environment, limit: 200 }))).then((page) => page.items),
  silence: (body: Omit<Silence, "id">, environment: Environment) =>
    unwrap<Silence>(
      http.POST("/api/v1/silences", { body: onTheWire(body), ...query({ environment }), headers: key() }),
    ),
  endSilence: (id: string) => unwrap<void>(http.DELETE("/api/v1/silences/{id}", path({ id }))),

  webhooks: () => unwrap<Page<Webhook>>(http.GET("/api/v1/webhooks", query({ limit: 200 }))).then((page) => page.items),
  createWebhook: (body: { name: string; url: string; format: Webhook["format"]; enabled: boolean }) =>
    unwrap<Webhook>(http.POST("/api/v1/webhooks", { body: onTheWire(body), headers: key() })),
  deleteWebhook: (id: string) => unwrap<void>(http.DELETE("/api/v1/webhooks/{id}", path({ id }))),
  testWebhook: (id: string) => unwrap<Delivery>(http.POST("/api/v1/webhooks/{id}/test", path({ id }))),
  deliveries: (webhook_id?: string, status?: Delivery["status"]) =>
    unwrap<Page<Delivery>>(
      http.GET("/api/v1/deliveries", query({ webhook_id, status: onTheWire(status), limit: 200 })),
    ).then((page) => page.items),
  delivery: (id: string) => unwrap<Delivery>(http.GET("/api/v1/deliveries/{id}", path({ id }))),
  redeliver: (id: string) => unwrap<Delivery>(http.POST("/api/v1/deliveries/{id}/redeliver", path({ id }))),
};
