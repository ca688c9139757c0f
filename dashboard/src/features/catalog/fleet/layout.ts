// A layered drawing of dependencies: who calls stands before what is called. Longest-path layering over the graph with
// its cycles folded, crossings reduced by barycentre sweeps, long edges led through free slots between nodes
// (K. Sugiyama, S. Tagawa, M. Toda 1981). Pure, and the same input always gives the same picture.

export interface LayoutEdge {
  from: string;
  to: string;
}

export interface LayoutOptions {
  /** Distance between the centres of neighbouring layers, and of neighbours within one. In pixels. */
  layerGap: number;
  nodeGap: number;
  /** Layers run left to right, or top to bottom on narrow screens. */
  direction: "right" | "down";
  /** On narrow screens a layer is broken into rows of at most this many nodes. */
  widest?: number;
}

export interface Point {
  x: number;
  y: number;
}

export interface Layout {
  positions: Map<string, Point>;
  /** For every drawn edge (`from→to`) the points between its ends that it should pass. */
  bends: Map<string, Point[]>;
  layers: string[][];
}

export const edgeKey = (from: string, to: string) => `${from}→${to}`;

export function layeredLayout(nodes: string[], edges: LayoutEdge[], options: LayoutOptions): Layout {
  const known = new Set(nodes);
  const drawn = unique(edges.filter((edge) => edge.from !== edge.to && known.has(edge.from) && known.has(edge.to)));
  const layerOf = assignLayers(nodes, drawn);
  const { rows, chains } = withWaypoints(nodes, drawn, layerOf);
  reduceCrossings(rows, chains);
  return place(rows, chains, nodes, options);
}

/** Layer of each node: one more than the deepest of its callers; members of one cycle share a layer. */
export function assignLayers(nodes: string[], edges: LayoutEdge[]): Map<string, number> {
  const component = components(nodes, edges);
  const callers = new Map<number, Set<number>>();
  const callees = new Map<number, Set<number>>();
  for (const { from, to } of edges) {
    const a = component.get(from) ?? 0;
    const b = component.get(to) ?? 0;
    if (a === b) continue;
    into(callers, b).add(a);
    into(callees, a).add(b);
  }
  const depth = new Map<number, number>();
  // Components are numbered so that callees come before callers (Tarjan), hence callers first by counting down.
  const all = [...new Set(component.values())].sort((a, b) => b - a);
  for (const each of all) {
    let deepest = -1;
    for (const caller of callers.get(each) ?? []) deepest = Math.max(deepest, depth.get(caller) ?? 0);
    depth.set(each, deepest + 1);
  }
  // A caller nobody calls moves next to what it calls, which shortens edges.
  for (const each of all) {
    if (callers.has(each)) continue;
    const below = [...(callees.get(each) ?? [])].map((callee) => depth.get(callee) ?? 0);
    if (below.length > 0) depth.set(each, Math.min(...below) - 1);
  }
  return new Map(nodes.map((node) => [node, depth.get(component.get(node) ?? 0) ?? 0]));
}

/** Strongly connected components, numbered callees first (R. Tarjan 1972, written without recursion). */
function components(nodes: string[], edges: LayoutEdge[]): Map<string, number> {
  const next = new Map<string, string[]>();
  for (const { from, to } of edges) into(next, from, () => []).push(to);
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const onStack = new Set<string>();
  const stack: string[] = [];
  const result = new Map<string, number>();
  let counter = 0;
  let group = 0;
  for (const root of nodes) {
    if (index.has(root)) continue;
    const work: { node: string; at: number }[] = [{ node: root, at: 0 }];
    while (work.length > 0) {
      const frame = work[work.length - 1];
      if (!frame) break;
      const { node } = frame;
      if (frame.at === 0) {
        index.set(node, counter);
        low.set(node, counter);
        counter += 1;
        stack.push(node);
        onStack.add(node);
      }
      const target = next.get(node)?.[frame.at];
      if (target !== undefined) {
        frame.at += 1;
        if (!index.has(target)) work.push({ node: target, at: 0 });
        else if (onStack.has(target)) low.set(node, Math.min(low.get(node) ?? 0, index.get(target) ?? 0));
        continue;
      }
      for (const child of next.get(node) ?? []) {
        if (onStack.has(child)) low.set(node, Math.min(low.get(node) ?? 0, low.get(child) ?? 0));
      }
      work.pop();
      if (low.get(node) !== index.get(node)) continue;
      for (;;) {
        const member = stack.pop();
        if (member === undefined) break;
        onStack.delete(member);
        result.set(member, group);
        if (member === node) break;
      }
      group += 1;
    }
  }
  return result;
}

interface Chain {
  from: string;
  to: string;
  /** The edge as short hops from layer to layer, waypoints included. */
  stops: string[];
}

function withWaypoints(nodes: string[], edges: LayoutEdge[], layerOf: Map<string, number>) {
  const highest = Math.max(0, ...layerOf.values());
  const rows: string[][] = Array.from({ length: highest + 1 }, () => []);
  for (const node of nodes) rows[layerOf.get(node) ?? 0]?.push(node);
  const chains: Chain[] = edges.map(({ from, to }) => {
    const a = layerOf.get(from) ?? 0;
    const b = layerOf.get(to) ?? 0;
    const stops = [from];
    const step = Math.sign(b - a);
    for (let layer = a + step; step !== 0 && layer !== b; layer += step) {
      const waypoint = `\u0000${from}→${to}@${layer}`;
      rows[layer]?.push(waypoint);
      stops.push(waypoint);
    }
    stops.push(to);
    return { from, to, stops };
  });
  return { rows, chains };
}

function reduceCrossings(rows: string[][], chains: Chain[]) {
  const neighbours = new Map<string, string[]>();
  for (const { stops } of chains) {
    for (let at = 1; at < stops.length; at += 1) {
      const a = stops[at - 1];
      const b = stops[at];
      if (a === undefined || b === undefined) continue;
      into(neighbours, a, () => []).push(b);
      into(neighbours, b, () => []).push(a);
    }
  }
  const order = new Map<string, number>();
  const number = (row: string[]) => {
    for (const [at, id] of row.entries()) order.set(id, at - (row.length - 1) / 2);
  };
  for (const row of rows) number(row);
  const layerOf = new Map<string, number>();
  rows.forEach((row, layer) => {
    for (const id of row) layerOf.set(id, layer);
  });
  for (let sweep = 0; sweep < 8; sweep += 1) {
    const forward = sweep % 2 === 0;
    for (let step = 0; step < rows.length; step += 1) {
      const layer = forward ? step : rows.length - 1 - step;
      const row = rows[layer];
      if (!row) continue;
      const weight = new Map(
        row.map((id) => {
          const beside = (neighbours.get(id) ?? []).filter((each) => {
            const other = layerOf.get(each) ?? layer;
            return forward ? other < layer : other > layer;
          });
          if (beside.length === 0) return [id, order.get(id) ?? 0];
          return [id, beside.reduce((sum, each) => sum + (order.get(each) ?? 0), 0) / beside.length];
        }),
      );
      row.sort((a, b) => (weight.get(a) ?? 0) - (weight.get(b) ?? 0) || (order.get(a) ?? 0) - (order.get(b) ?? 0));
      number(row);
    }
  }
}

function place(rows: string[][], chains: Chain[], nodes: string[], options: LayoutOptions): Layout {
  const spots = new Map<string, Point>();
  const real = new Set(nodes);
  let along = 0;
  for (const row of rows) {
    const lines = options.widest ? broken(row, options.widest, real) : [row];
    for (const line of lines) {
      const width = (line.length - 1) * options.nodeGap;
      line.forEach((id, at) => {
        const across = at * options.nodeGap - width / 2;
        spots.set(id, options.direction === "right" ? { x: along, y: across } : { x: across, y: along });
      });
      along += options.layerGap;
    }
  }
  const bends = new Map<string, Point[]>();
  for (const { from, to, stops } of chains) {
    const points = options.widest ? [] : stops.slice(1, -1).flatMap((id) => spots.get(id) ?? []);
    bends.set(edgeKey(from, to), points);
  }
  const positions = new Map(nodes.map((node) => [node, spots.get(node) ?? { x: 0, y: 0 }]));
  return { positions, bends, layers: rows.map((row) => row.filter((id) => real.has(id))) };
}

/** Rows short enough for a phone; waypoints take no room there. */
function broken(row: string[], widest: number, real: Set<string>): string[][] {
  const members = row.filter((id) => real.has(id));
  const lines = Math.max(1, Math.ceil(members.length / widest));
  const per = Math.ceil(members.length / lines);
  return Array.from({ length: lines }, (_, line) => members.slice(line * per, (line + 1) * per));
}

function unique(edges: LayoutEdge[]): LayoutEdge[] {
  return [...new Map(edges.map((edge) => [edgeKey(edge.from, edge.to), edge])).values()];
}

function into<K, V>(map: Map<K, V>, key: K, make?: () => V): V {
  let found = map.get(key);
  if (found === undefined) {
    found = make ? make() : (new Set() as V);
    map.set(key, found);
  }
  return found;
}
