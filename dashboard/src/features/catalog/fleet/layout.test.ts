import { describe, expect, it } from "vitest";
import { smoothPath } from "./edgePath";
import { assignLayers, edgeKey, type LayoutEdge, layeredLayout } from "./layout";

const edges = (...pairs: string[]): LayoutEdge[] =>
  pairs.map((pair) => {
    const [from = "", to = ""] = pair.split(">");
    return { from, to };
  });

const RIGHT = { layerGap: 100, nodeGap: 50, lineGap: 10, direction: "right" } as const;

describe("layers", () => {
  it("put every caller before what it calls", () => {
    const layer = assignLayers(["data", "api", "web"], edges("web>api", "api>data", "web>data"));
    expect([...layer].sort()).toEqual([
      ["api", 1],
      ["data", 2],
      ["web", 0],
    ]);
  });
  it("survive a cycle by giving its members one layer", () => {
    const layer = assignLayers(["main", "monitor", "web"], edges("main>monitor", "monitor>main", "web>main"));
    expect(layer.get("main")).toBe(layer.get("monitor"));
    expect(layer.get("web")).toBeLessThan(layer.get("main") ?? 0);
  });
  it("move a caller that nobody calls next to what it calls", () => {
    const layer = assignLayers(["a", "b", "c", "lone"], edges("a>b", "b>c", "lone>c"));
    expect(layer.get("lone")).toBe(1);
  });
  it("take a chain of ten thousand without running out of stack", () => {
    const nodes = Array.from({ length: 10_000 }, (_, at) => `n${at}`);
    const chain = nodes.slice(1).map((to, at) => ({ from: nodes[at] ?? "", to }));
    expect(assignLayers(nodes, chain).get("n9999")).toBe(9999);
  });
});

describe("the layout", () => {
  it("keeps distances between neighbours", () => {
    const { positions } = layeredLayout(["web", "api", "auth"], edges("web>api", "web>auth"), RIGHT);
    const api = positions.get("api");
    const auth = positions.get("auth");
    expect(api?.x).toBe(100);
    expect(Math.abs((api?.y ?? 0) - (auth?.y ?? 0))).toBe(50);
  });
  it("uncrosses what need not cross", () => {
    const { positions } = layeredLayout(["a", "b", "x", "y"], edges("a>y", "b>x"), RIGHT);
    const y = (name: string) => positions.get(name)?.y ?? 0;
    expect(Math.sign(y("a") - y("b"))).toBe(Math.sign(y("y") - y("x")));
  });
  it("leads a long edge past the layers between", () => {
    const { bends } = layeredLayout(["a", "b", "c"], edges("a>b", "b>c", "a>c"), RIGHT);
    expect(bends.get(edgeKey("a", "c"))).toHaveLength(1);
    expect(bends.get(edgeKey("a", "b"))).toHaveLength(0);
  });
  it("ignores edges to what is not drawn, and edges to itself", () => {
    const { layers } = layeredLayout(["a"], edges("a>gone", "a>a"), RIGHT);
    expect(layers).toEqual([["a"]]);
  });
  it("draws the same picture twice", () => {
    const nodes = ["web", "api", "app", "data", "ai", "auth"];
    const all = edges("web>api", "web>auth", "api>data", "app>api", "app>ai", "ai>data");
    expect(layeredLayout(nodes, all, RIGHT)).toEqual(layeredLayout(nodes, all, RIGHT));
  });
  it("breaks a layer that is too wide for a phone", () => {
    const leaves = ["a", "b", "c", "d", "e"];
    const down = { ...RIGHT, direction: "down", widest: 3 } as const;
    const { positions } = layeredLayout(
      ["web", ...leaves],
      leaves.map((to) => ({ from: "web", to })),
      down,
    );
    expect(new Set(leaves.map((leaf) => positions.get(leaf)?.y)).size).toBe(2);
  });
  it("lays out two hundred services in a blink", () => {
    const nodes = Array.from({ length: 200 }, (_, at) => `n${at}`);
    const many = nodes.flatMap((from, at) => [
      { from, to: `n${Math.min(199, at + 1 + (at % 7))}` },
      { from, to: `n${Math.min(199, at + 3 + (at % 11))}` },
    ]);
    const started = performance.now();
    layeredLayout(nodes, many, RIGHT);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe("a line", () => {
  it("leaves and arrives along the layers", () => {
    expect(
      smoothPath(
        [
          { x: 0, y: 0 },
          { x: 100, y: 40 },
        ],
        false,
      ),
    ).toBe("M0,0 C50,0 50,40 100,40");
    expect(
      smoothPath(
        [
          { x: 0, y: 0 },
          { x: 40, y: 100 },
        ],
        true,
      ),
    ).toBe("M0,0 C0,50 40,50 40,100");
  });
});
