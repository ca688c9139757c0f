// One row per service, joined from catalog, states and objectives, and the order in which a person should read them.
import type { Service, ServiceState, Slo, State, Tier } from "@/shared/api/types";
import { byLeast } from "@/shared/lib/objectives";
import { stateRank, tierRank } from "@/shared/lib/state";

export interface FleetRow {
  name: string;
  owner: string | null;
  tier: Tier;
  description: string | null;
  state: State;
  since: string | null;
  reason: string | null;
  cause: ServiceState["cause"];
  p95: number | null;
  uptime: number | null;
  /** The objective that stands worst: what burns first, then the least budget left. */
  slo: { id: string; remaining: number | null; state: Slo["budget"]["state"] } | null;
}

export function fleetRows(services: Service[], states: ServiceState[], slos: Slo[]): FleetRow[] {
  const stateOf = new Map(states.map((each) => [each.service, each]));
  const sloOf = new Map<string, Slo>();
  for (const slo of slos) {
    const found = sloOf.get(slo.service);
    if (!found || byLeast(slo, found) < 0) sloOf.set(slo.service, slo);
  }
  return services.map((service) => {
    const state = stateOf.get(service.name);
    const slo = sloOf.get(service.name);
    return {
      name: service.name,
      owner: service.owner,
      tier: service.tier,
      description: service.description,
      state: state?.state ?? "unknown",
      since: state?.since ?? null,
      reason: state?.reason ?? null,
      cause: state?.cause ?? null,
      p95: state?.latency_p95_ms ?? null,
      uptime: state?.uptime_24h_ratio ?? null,
      slo: slo ? { id: slo.id, remaining: slo.budget.remaining_ratio, state: slo.budget.state } : null,
    };
  });
}

/**
 * Worst first: by state; a root cause before those that suffer from it; then by tier, then by the budget left, then by
 * name, so that equal rows keep their places.
 */
export function byWorst(a: FleetRow, b: FleetRow): number {
  return (
    stateRank[a.state] - stateRank[b.state] ||
    Number(a.cause !== null) - Number(b.cause !== null) ||
    tierRank[a.tier] - tierRank[b.tier] ||
    (a.slo?.remaining ?? 2) - (b.slo?.remaining ?? 2) ||
    a.name.localeCompare(b.name)
  );
}

export interface FleetFilter {
  text?: string;
  state?: State;
  owner?: string;
  tier?: Tier;
}

export function filterRows(rows: FleetRow[], filter: FleetFilter): FleetRow[] {
  const text = filter.text?.trim().toLowerCase() ?? "";
  return rows.filter(
    (row) =>
      (!filter.state || row.state === filter.state) &&
      (!filter.owner || (row.owner ?? "") === filter.owner) &&
      (!filter.tier || row.tier === filter.tier) &&
      (text === "" ||
        row.name.includes(text) ||
        (row.owner ?? "").toLowerCase().includes(text) ||
        (row.description ?? "").toLowerCase().includes(text)),
  );
}
