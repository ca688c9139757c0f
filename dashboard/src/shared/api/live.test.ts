import { QueryClient } from "@tanstack/react-query";
import { describe, expect, it } from "vitest";
import { byRoot } from "@/shared/lib/alerts";
import { aCheck, ago, anAlert, aSlo, aState } from "../../../tests/builders";
import { applyEvents } from "./live";
import { keys } from "./queries";
import type { Alert, Check, ServiceState, Slo } from "./types";

describe("live events", () => {
  it("change the state of a service where it stands and leave the others alone", () => {
    const client = new QueryClient();
    const api = aState("api");
    client.setQueryData(keys.states(undefined), [api, aState("web")]);
    applyEvents(client, undefined, [{ topic: "service-state", data: aState("web", { state: "down" }) }]);
    const states = client.getQueryData<ServiceState[]>(keys.states(undefined));
    expect(states?.map((each) => each.state)).toEqual(["up", "down"]);
    expect(states?.[0]).toBe(api);
  });

  it("keep what was measured when a state turns, and mark the slot that is now", () => {
    const client = new QueryClient();
    client.setQueryData(keys.states(undefined), [aState("web", { latency_p95_ms: 20 })]);
    client.setQueryData(keys.strips(undefined, 24, 3), [{ service: "web", slots: ["up", "up", "up"] }]);
    const down = aState("web", { state: "down", latency_p95_ms: null });
    applyEvents(client, undefined, [{ topic: "service-state", data: down }]);
    expect(client.getQueryData<ServiceState[]>(keys.states(undefined))?.[0]?.latency_p95_ms).toBe(20);
    const slots = () => client.getQueryData<{ slots: string[] }[]>(keys.strips(undefined, 24, 3))?.[0]?.slots;
    expect(slots()).toEqual(["up", "up", "down"]);
    applyEvents(client, undefined, [{ topic: "service-state", data: aState("web") }]);
    expect(slots()).toEqual(["up", "up", "down"]);
  });

  it("do not make up a list that nobody has fetched", () => {
    const client = new QueryClient();
    applyEvents(client, undefined, [{ topic: "service-state", data: aState("web") }]);
    expect(client.getQueryData(keys.states(undefined))).toBeUndefined();
  });

  it("move an alert from open to resolved", () => {
    const client = new QueryClient();
    client.setQueryData(keys.alerts(undefined, "open"), [anAlert("1")]);
    client.setQueryData(keys.alerts(undefined, "resolved"), []);
    applyEvents(client, undefined, [
      { topic: "alert", data: anAlert("1", { state: "resolved", resolved_at: ago(0) }) },
    ]);
    expect(client.getQueryData<Alert[]>(keys.alerts(undefined, "open"))).toEqual([]);
    expect(client.getQueryData<Alert[]>(keys.alerts(undefined, "resolved"))?.map((each) => each.id)).toEqual(["1"]);
  });

  it("fold an open alert where it stands, so that it is no longer counted among the roots", () => {
    const client = new QueryClient();
    const folded_under = { alert_id: "1", service: "execution", path: ["api", "execution"] };
    client.setQueryData(keys.alerts(undefined, "open"), [anAlert("2", { service: "api" })]);
    applyEvents(client, undefined, [{ topic: "alert", data: anAlert("2", { service: "api", folded_under }) }]);
    const { roots, folded } = byRoot(client.getQueryData<Alert[]>(keys.alerts(undefined, "open")) ?? []);
    expect([roots.length, folded.length]).toEqual([0, 1]);
  });

  it("count failing probes and forget them after a good one", () => {
    const client = new QueryClient();
    client.setQueryData(keys.checks(undefined), [aCheck("web")]);
    const probe = (ok: boolean) => ({
      topic: "probe",
      data: { check_id: "web", service: "web", at: ago(0), ok, duration_ms: 4, failure: null },
    });
    const streak = () => client.getQueryData<Check[]>(keys.checks(undefined))?.[0]?.failing_streak;
    applyEvents(client, undefined, [probe(false)]);
    expect(streak()).toBe(1);
    applyEvents(client, undefined, [probe(true)]);
    expect(streak()).toBe(0);
  });

  it("move a budget in the list and on its own page", () => {
    const client = new QueryClient();
    client.setQueryData(keys.slos(undefined), [aSlo("api", 0.9)]);
    client.setQueryData(keys.slo("slo-api"), aSlo("api", 0.9));
    const data = { slo_id: "slo-api", service: "api", remaining_ratio: 0.5, burn_rate: 9 };
    applyEvents(client, undefined, [{ topic: "budget", data }]);
    expect(client.getQueryData<Slo[]>(keys.slos(undefined))?.[0]?.budget).toMatchObject({
      remaining_ratio: 0.5,
      remaining_minutes: 21.6,
    });
    expect(client.getQueryData<Slo>(keys.slo("slo-api"))?.budget.burn_rate).toBe(9);
  });

  it("ask again how an objective stands when one of its alerts turns", () => {
    const client = new QueryClient();
    client.setQueryData(keys.slos(undefined), [aSlo("api", 0.9)]);
    applyEvents(client, undefined, [{ topic: "alert", data: anAlert("1", { slo_id: null }) }]);
    expect(client.getQueryState(keys.slos(undefined))?.isInvalidated).toBe(false);
    applyEvents(client, undefined, [{ topic: "alert", data: anAlert("1", { slo_id: "slo-api" }) }]);
    expect(client.getQueryState(keys.slos(undefined))?.isInvalidated).toBe(true);
  });

  it("mark everything stale when the server says so", () => {
    const client = new QueryClient();
    client.setQueryData(keys.states(undefined), [aState("web")]);
    applyEvents(client, undefined, [{ topic: "resync", data: null }]);
    expect(client.getQueryState(keys.states(undefined))?.isInvalidated).toBe(true);
  });
});
