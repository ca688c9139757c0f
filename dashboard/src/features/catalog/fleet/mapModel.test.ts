import { describe, expect, it } from "vitest";
import type { Edge } from "@/shared/api/types";
import { aRow } from "../../../../tests/builders";
import { edgeKey } from "./layout";
import { findObservers, mapModel } from "./mapModel";

const edge = (from: string, to: string, kind: "hard" | "soft" = "hard"): Edge => ({ from, to, kind, source: null });

describe("a small map", () => {
  it("draws every service, and the path from a cause to its victims", () => {
    const path = ["web", "api", "data"];
    const rows = [
      aRow("web", { state: "degraded", cause: { service: "data", path } }),
      aRow("api", { state: "degraded", cause: { service: "data", path: path.slice(1) } }),
      aRow("data", { state: "down", reason: "connection refused" }),
      aRow("auth"),
    ];
    const model = mapModel(rows, [edge("web", "api"), edge("api", "data"), edge("web", "auth")]);
    expect(model.caption).toBeNull();
    expect(model.nodes.filter((node) => node.root).map((node) => node.id)).toEqual(["data"]);
    expect(model.edges.map((each) => [each.id, each.carries])).toEqual([
      [edgeKey("web", "api"), "degraded"],
      [edgeKey("api", "data"), "degraded"],
      [edgeKey("web", "auth"), null],
    ]);
  });
  it("leaves out the edges of a service that only observes the others", () => {
    const names = ["a", "b", "c", "d", "e"];
    const watching = names.map((name) => edge("monitor", name, "soft"));
    expect(findObservers(6, watching)).toEqual(new Set(["monitor"]));
    const model = mapModel([aRow("monitor"), ...names.map((name) => aRow(name))], [...watching, edge("a", "b")]);
    expect(model.edges).toHaveLength(1);
    expect(model.nodes.find((node) => node.id === "monitor")?.observer).toBe(true);
  });
});

describe("a map of ten thousand", () => {
  const rows = Array.from({ length: 10_000 }, (_, at) => aRow(`s${at}`, { owner: `team-${at % 40}` }));

  it("gathers a healthy fleet by owner and says so", () => {
    const model = mapModel(rows, []);
    expect(model.nodes).toHaveLength(0);
    expect(model.groups.length).toBeLessThanOrEqual(24);
    expect(model.groups.reduce((sum, group) => sum + group.size, 0)).toBe(10_000);
    expect(model.caption).toMatch(/gathered by owner/);
  });
  it("draws the problems with their neighbours and counts the rest", () => {
    const broken = rows.map((row, at) => (at === 7 ? { ...row, state: "down" as const } : row));
    const model = mapModel(broken, [edge("s1", "s7"), edge("s7", "s2"), edge("s3", "s4")]);
    expect(model.nodes.map((node) => node.id).sort()).toEqual(["s1", "s2", "s7"]);
    expect(model.caption?.replaceAll("\u202f", " ")).toBe(
      "The map shows 1 service with problems and 2 neighbours; the other 9 997 services are gathered by owner.",
    );
  });
  it("stays small when everything is down, and admits it", () => {
    const all = rows.map((row) => ({ ...row, state: "down" as const }));
    const model = mapModel(
      all,
      rows.slice(1).map((row, at) => edge(`s${at}`, row.name)),
    );
    expect(model.nodes.length).toBeLessThanOrEqual(60);
    expect(model.caption).toMatch(/the 20 worst of/);
  });
});
