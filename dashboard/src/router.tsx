// The map of addresses. Everything a page shows follows from its address, so a link shows another person the same.
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  retainSearchParams,
} from "@tanstack/react-router";
import { FleetPage } from "@/features/catalog/fleet/FleetPage";
import type { JobState, ParkedState } from "@/features/operate/api";
import { VIEWS, type View } from "@/features/operate/views";
import { NotFound, PageCrash } from "@/features/shell/Fallbacks";
import { Shell } from "@/features/shell/Shell";
import type { BurnDownView } from "@/features/slo/objectives/BurnDown";
import type { Severity, State, Tier } from "@/shared/api/types";
import { isRange, type Range } from "@/shared/lib/range";

export interface RootSearch {
  environment?: string;
  range?: Range;
}

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : undefined;
const oneOf =
  <T extends string>(...allowed: T[]) =>
  (value: unknown): T | undefined =>
    allowed.find((each) => each === value);

/** Leaves out what is not set, so that addresses stay short. */
function given<T extends object>(search: T): T {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as T;
}

const rootRoute = createRootRoute({
  component: Shell,
  notFoundComponent: NotFound,
  validateSearch: (search: Record<string, unknown>): RootSearch =>
    given({ environment: text(search.environment), range: isRange(search.range) ? search.range : undefined }),
  search: { middlewares: [retainSearchParams(["environment", "range"])] },
});

const states = oneOf<State>("up", "degraded", "down", "unknown", "maintenance");
const tiers = oneOf<Tier>("critical", "high", "standard", "low");

export interface FleetSearch {
  text?: string;
  state?: State;
  owner?: string;
  tier?: Tier;
  sort?: string;
  /** The optional columns that are shown; without it those that suit the screen. */
  columns?: string;
}

const fleetRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  component: FleetPage,
  validateSearch: (search: Record<string, unknown>): FleetSearch =>
    given({
      text: text(search.text),
      state: states(search.state),
      owner: text(search.owner),
      tier: tiers(search.tier),
      sort: text(search.sort),
      columns: typeof search.columns === "string" ? search.columns : undefined,
    }),
});

const serviceRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/services/$name",
  component: lazyRouteComponent(() => import("@/features/catalog/service/ServicePage"), "ServicePage"),
  validateSearch: (search: Record<string, unknown>): { check?: string } => given({ check: text(search.check) }),
});

const importsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/imports",
  component: lazyRouteComponent(() => import("@/features/catalog/imports/ImportsPage"), "ImportsPage"),
  validateSearch: (
    search: Record<string, unknown>,
  ): { id?: string; severity?: Severity; code?: string; text?: string } =>
    given({
      id: text(search.id),
      severity: oneOf<Severity>("error", "warning", "info")(search.severity),
      code: text(search.code),
      text: text(search.text),
    }),
});

const checksRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/checks",
  component: lazyRouteComponent(() => import("@/features/watch/checks/ChecksPage"), "ChecksPage"),
  validateSearch: (search: Record<string, unknown>): { id?: string; text?: string; state?: string; failed?: boolean } =>
    given({
      id: text(search.id),
      text: text(search.text),
      state: text(search.state),
      failed: search.failed === true ? true : undefined,
    }),
});

const maintenanceRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/maintenance",
  component: lazyRouteComponent(() => import("@/features/watch/maintenance/MaintenancePage"), "MaintenancePage"),
});

const slosRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/slos",
  component: lazyRouteComponent(() => import("@/features/slo/objectives/SlosPage"), "SlosPage"),
  validateSearch: (search: Record<string, unknown>): { text?: string } => given({ text: text(search.text) }),
});

const sloRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/slos/$id",
  component: lazyRouteComponent(() => import("@/features/slo/objectives/SloPage"), "SloPage"),
  validateSearch: (search: Record<string, unknown>): { view?: BurnDownView } =>
    given({ view: oneOf<BurnDownView>("range", "window")(search.view) }),
});

const alertsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/alerts",
  component: lazyRouteComponent(() => import("@/features/slo/alerts/AlertsPage"), "AlertsPage"),
  validateSearch: (search: Record<string, unknown>): { id?: string } => given({ id: text(search.id) }),
});

const deliveriesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/deliveries",
  component: lazyRouteComponent(() => import("@/features/slo/deliveries/DeliveriesPage"), "DeliveriesPage"),
  validateSearch: (
    search: Record<string, unknown>,
  ): { id?: string; webhook?: string; status?: string; create?: boolean } =>
    given({
      id: text(search.id),
      webhook: text(search.webhook),
      status: text(search.status),
      create: search.create === true ? true : undefined,
    }),
});

export interface OperateSearch {
  view?: View;
  id?: string;
  event?: string;
  state?: JobState;
  kind?: string;
  queue?: string;
  handler?: string;
  parked?: ParkedState;
}

const jobsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/jobs",
  component: lazyRouteComponent(() => import("@/features/operate/OperatePage"), "OperatePage"),
  validateSearch: (search: Record<string, unknown>): OperateSearch =>
    given({
      view: oneOf<View>(...VIEWS)(search.view),
      id: text(search.id),
      event: text(search.event),
      state: oneOf<JobState>("waiting", "running", "done", "failed", "cancelled")(search.state),
      kind: text(search.kind),
      queue: text(search.queue),
      handler: text(search.handler),
      parked: oneOf<ParkedState>("dead", "waiting")(search.parked),
    }),
});

const mainstayRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/mainstay",
  component: lazyRouteComponent(() => import("@/features/mainstay/MainstayPage"), "MainstayPage"),
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([
    fleetRoute,
    serviceRoute,
    importsRoute,
    checksRoute,
    maintenanceRoute,
    slosRoute,
    sloRoute,
    alertsRoute,
    deliveriesRoute,
    jobsRoute,
    mainstayRoute,
  ]),
  defaultPreload: "intent",
  defaultErrorComponent: PageCrash,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
