// Everything the fleet page needs, joined and kept fresh.
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { q } from "@/shared/api/queries";
import type { Edge, Service, ServiceState, Slo } from "@/shared/api/types";
import { useEnvironment } from "@/shared/lib/range";
import { byWorst, fleetRows } from "./rows";

const NO_SERVICES: Service[] = [];
const NO_STATES: ServiceState[] = [];
const NO_SLOS: Slo[] = [];
const NO_EDGES: Edge[] = [];

export function useFleet() {
  const environment = useEnvironment();
  const services = useQuery(q.services(environment));
  const states = useQuery(q.states(environment));
  const slos = useQuery(q.slos(environment));
  const dependencies = useQuery(q.dependencies(environment));
  const rows = useMemo(
    () => fleetRows(services.data ?? NO_SERVICES, states.data ?? NO_STATES, slos.data ?? NO_SLOS).sort(byWorst),
    [services.data, states.data, slos.data],
  );
  return {
    rows,
    slos: slos.data ?? NO_SLOS,
    edges: dependencies.data?.edges ?? NO_EDGES,
    ready: services.data !== undefined && states.data !== undefined && !dependencies.isPending && !slos.isPending,
    error: services.error ?? states.error,
    /** Parts that failed while the page still stands without them. */
    lesser: slos.error ?? dependencies.error,
    retry: () => {
      for (const query of [services, states, slos, dependencies]) if (query.isError) void query.refetch();
    },
  };
}
