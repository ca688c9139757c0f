import { describe, expect, it } from "vitest";
import { plain } from "@/shared/lib/sentence";
import { ago, aRow, aService, aSlo, aState, NOW } from "../../../../tests/builders";
import { byWorst, filterRows, fleetRows } from "./rows";
import { fleetSentence } from "./sentence";

const said = (...given: Parameters<typeof fleetSentence>) => plain(fleetSentence(...given)).replaceAll("\u202f", " ");
const because = (...path: string[]) => ({ service: path.at(-1) ?? "", path });

describe("the fleet's rows", () => {
  it("join a service with its state and its tightest objective", () => {
    const [row] = fleetRows(
      [aService("api")],
      [aState("api", { state: "down" })],
      [aSlo("api", 0.9), aSlo("api", 0.2)],
    );
    expect(row).toMatchObject({ state: "down", slo: { remaining: 0.2 } });
  });
  it("call a service without a state unknown, never up", () => {
    expect(fleetRows([aService("api")], [], [])[0]?.state).toBe("unknown");
  });
  it("stand worst first, a cause before its victims, a critical one before a lesser", () => {
    const rows = [
      aRow("calm"),
      aRow("victim", { state: "down", tier: "critical", cause: because("victim", "root") }),
      aRow("new", { state: "unknown" }),
      aRow("slow", { state: "degraded", tier: "low" }),
      aRow("dear", { state: "degraded", tier: "critical" }),
      aRow("root", { state: "down", tier: "low" }),
      aRow("spent", { slo: { id: "1", remaining: -0.1, state: "exhausted" } }),
    ];
    expect(rows.sort(byWorst).map((row) => row.name)).toEqual([
      "root",
      "victim",
      "dear",
      "slow",
      "new",
      "spent",
      "calm",
    ]);
  });
  it("are found by name, owner and state together", () => {
    const rows = [aRow("api"), aRow("apart", { owner: "data" }), aRow("web", { state: "down" })];
    expect(filterRows(rows, { text: "AP", owner: "data" }).map((row) => row.name)).toEqual(["apart"]);
    expect(filterRows(rows, { state: "down" }).map((row) => row.name)).toEqual(["web"]);
  });
});

describe("the fleet's sentence", () => {
  it("is short when all is well", () => expect(said([aRow("a"), aRow("b")], [], NOW)).toBe("All 2 services are up."));

  it("names the cause, since when and why, who suffers, and what is left", () => {
    const rows = [
      ...["data", "auth", "ai", "analyze", "main", "monitor", "app"].map((name) => aRow(name)),
      aRow("execution", { state: "down", since: ago(130), reason: "connection refused" }),
      aRow("web", { state: "degraded", cause: because("web", "api", "execution") }),
      aRow("api", { state: "degraded", cause: because("api", "execution") }),
    ];
    expect(said(rows, [aSlo("execution", 0.38)], NOW)).toBe(
      "7 of 10 services are up. execution has been down for 2 min 10 s (connection refused). api and web are degraded " +
        "because of it. 38 % of the error budget over 30 days of execution is left.",
    );
  });

  it("does not blame one cause for what several did", () => {
    const rows = [
      aRow("a", { state: "down", since: ago(60) }),
      aRow("b", { state: "down", since: ago(90) }),
      aRow("c", { state: "degraded", cause: because("c", "a") }),
      aRow("d", { state: "degraded", cause: because("d", "b") }),
    ];
    expect(said(rows, [], NOW)).toBe(
      "0 of 4 services are up. a and b are down, the first for 1 min 30 s (b). c and d are degraded because of services they depend on.",
    );
  });

  it("does not claim a cause that the server did not find", () => {
    const rows = [aRow("a"), aRow("b", { state: "degraded", reason: "p95 above 500 ms" })];
    expect(said(rows, [], NOW)).toBe("1 of 2 services is up. b is degraded (p95 above 500 ms).");
  });

  it("says that nothing has been measured, rather than that all is well", () => {
    expect(said([aRow("a", { state: "unknown" })], [], NOW)).toMatch(/none measured yet/);
    expect(said([aRow("a"), aRow("b", { state: "unknown" })], [], NOW)).toBe(
      "1 of 2 services is up. b is not measured yet.",
    );
  });

  it("warns of a tight budget even when all is up, and says overspent where it is", () => {
    expect(said([aRow("a")], [aSlo("a", -0.12)], NOW)).toBe(
      "The one service is up. The error budget over 30 days of a is overspent by 12 %.",
    );
    expect(said([aRow("a")], [aSlo("a", 0.9)], NOW)).toBe("The one service is up.");
  });

  it("does not call a fleet well whose budget burns, though nothing is down", () => {
    const risky = aSlo("a", 0.98, { state: "at-risk", burn_rate: 421 });
    expect(said([aRow("a")], [risky, aSlo("b", 0.6)], NOW)).toBe(
      "The one service is up. 98 % of the error budget over 30 days of a is left, burning at 421× (page above 14.4×).",
    );
    expect(fleetRows([aService("a")], [], [aSlo("a", 0.3), risky])[0]?.slo?.state).toBe("at-risk");
  });

  it("counts maintenance apart", () => {
    expect(said([aRow("a"), aRow("b", { state: "maintenance" })], [], NOW)).toBe(
      "1 of 2 services is up. b is in maintenance.",
    );
  });

  it("names a few of many and counts the rest", () => {
    const rows = Array.from({ length: 9 }, (_, at) => aRow(`s${at}`, { state: "down", since: ago(10) }));
    expect(said(rows, [], NOW)).toContain("s0, s1, s2 and 6 more are down");
  });
});
