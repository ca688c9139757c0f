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
  /** Room that a line takes which only passes through a layer. */
  lineGap: number;
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

/** Above this many nodes and waypoints one start must do: the picture is busy anyway, and time matters more. */
const SMALL = 90;
const STARTS = 12;

/**
 * Barycentre sweeps and exchanges of neighbours end in a local optimum that depends on the start, so several starts are
 * tried and the one with the fewest crossings is kept.
 */
function reduceCrossings(rows: string[][], chains: Chain[]) {
  const graph = shortHops(rows, chains);
  const next = sequence(rows.length * 31 + chains.length);
  const size = rows.reduce((sum, row) => sum + row.length, 0);
  let best = rows.map((row) => [...row]);
  let fewest = Number.POSITIVE_INFINITY;
  for (let start = 0; start < (size <= SMALL ? STARTS : 1) && fewest > 0; start += 1) {
    const order = rows.map((row) => (start === 0 ? [...row] : shuffled(row, next)));
    for (let sweep = 0; sweep < 8 && fewest > 0; sweep += 1) {
      const forward = sweep % 2 === 0;
      for (let step = 1; step < order.length; step += 1) {
        const layer = forward ? step : order.length - 1 - step;
        sortByNeighbours(order, layer, forward ? layer - 1 : layer + 1, graph);
      }
      if (size <= SMALL) swapNeighbours(order, graph);
      const now = crossings(order, graph);
      if (now >= fewest) continue;
      fewest = now;
      best = order.map((row) => [...row]);
    }
  }
  rows.splice(0, rows.length, ...best);
}

/** For every node its neighbours one layer before (`up`) and one layer after (`down`). */
interface Hops {
  up: Map<string, string[]>;
  down: Map<string, string[]>;
}

function shortHops(rows: string[][], chains: Chain[]): Hops {
  const layerOf = new Map<string, number>();
  rows.forEach((row, layer) => {
    for (const id of row) layerOf.set(id, layer);
  });
  const hops: Hops = { up: new Map(), down: new Map() };
  for (const { stops } of chains) {
    for (let at = 1; at < stops.length; at += 1) {
      const a = stops[at - 1] ?? "";
      const b = stops[at] ?? "";
      const [above, below] = (layerOf.get(a) ?? 0) <= (layerOf.get(b) ?? 0) ? [a, b] : [b, a];
      if (layerOf.get(above) === layerOf.get(below)) continue;
      into(hops.down, above, () => []).push(below);
      into(hops.up, below, () => []).push(above);
    }
  }
  return hops;
}

const places = (row: string[] | undefined) => new Map((row ?? []).map((id, at) => [id, at]));

function sortByNeighbours(rows: string[][], layer: number, from: number, hops: Hops) {
  const row = rows[layer];
  const fixed = rows[from];
  if (!row || !fixed) return;
  const place = places(fixed);
  const near = from < layer ? hops.up : hops.down;
  const weight = new Map(
    row.map((id, at) => {
      const beside = near.get(id) ?? [];
      if (beside.length === 0) return [id, at / Math.max(1, row.length - 1)];
      const sum = beside.reduce((total, each) => total + (place.get(each) ?? 0), 0);
      return [id, sum / beside.length / Math.max(1, fixed.length - 1)];
    }),
  );
  const before = places(row);
  row.sort((a, b) => (weight.get(a) ?? 0) - (weight.get(b) ?? 0) || (before.get(a) ?? 0) - (before.get(b) ?? 0));
}

/** Exchanges two neighbours wherever that crosses fewer lines, until nothing is gained. */
function swapNeighbours(rows: string[][], hops: Hops) {
  for (let round = 0; round < 4; round += 1) {
    let gained = false;
    rows.forEach((row, layer) => {
      const above = places(rows[layer - 1]);
      const below = places(rows[layer + 1]);
      const cost = (first: string, second: string) =>
        pairCrossings(hops.up.get(first), hops.up.get(second), above) +
        pairCrossings(hops.down.get(first), hops.down.get(second), below);
      for (let at = 0; at + 1 < row.length; at += 1) {
        const a = row[at];
        const b = row[at + 1];
        if (a === undefined || b === undefined || cost(b, a) >= cost(a, b)) continue;
        row[at] = b;
        row[at + 1] = a;
        gained = true;
      }
    });
    if (!gained) return;
  }
}

function pairCrossings(first: string[] = [], second: string[] = [], place: Map<string, number>): number {
  let crossed = 0;
  for (const a of first) for (const b of second) if ((place.get(a) ?? 0) > (place.get(b) ?? 0)) crossed += 1;
  return crossed;
}

function crossings(rows: string[][], hops: Hops): number {
  let total = 0;
  for (let layer = 0; layer + 1 < rows.length; layer += 1) {
    const row = rows[layer] ?? [];
    const below = places(rows[layer + 1]);
    for (let a = 0; a < row.length; a += 1) {
      for (let b = a + 1; b < row.length; b += 1) {
        total += pairCrossings(hops.down.get(row[a] ?? ""), hops.down.get(row[b] ?? ""), below);
      }
    }
  }
  return total;
}

/** Numbers that look random and are the same every time (a linear congruential generator, Numerical Recipes). */
function sequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function shuffled(row: string[], next: () => number): string[] {
  const mixed = [...row];
  for (let at = mixed.length - 1; at > 0; at -= 1) {
    const other = Math.floor(next() * (at + 1));
    const kept = mixed[at] ?? "";
    mixed[at] = mixed[other] ?? "";
    mixed[other] = kept;
  }
  return mixed;
}

function place(rows: string[][], chains: Chain[], nodes: string[], options: LayoutOptions): Layout {
  const spots = new Map<string, Point>();
  const real = new Set(nodes);
  let along = 0;
  for (const row of rows) {
    const lines = options.widest ? broken(row, options.widest, real) : [row];
    for (const line of lines) {
      const offsets = spread(line, real, options);
      line.forEach((id, at) => {
        const across = offsets[at] ?? 0;
        spots.set(id, options.direction === "right" ? { x: along, y: across } : { x: across, y: along });
      });
      along += options.layerGap;
    }
  }
  const bends = new Map<string, Point[]>();
  for (const { from, to, stops } of chains) {
    const points = stops.slice(1, -1).flatMap((id) => spots.get(id) ?? []);
    bends.set(edgeKey(from, to), points);
  }
  const positions = new Map(nodes.map((node) => [node, spots.get(node) ?? { x: 0, y: 0 }]));
  return { positions, bends, layers: rows.map((row) => row.filter((id) => real.has(id))) };
}

/** Positions across a layer, centred on zero: a node takes its full room, a passing line a fraction of it. */
function spread(line: string[], real: Set<string>, options: LayoutOptions): number[] {
  const room = (id: string | undefined) => (id !== undefined && real.has(id) ? options.nodeGap : options.lineGap);
  const offsets: number[] = [];
  let across = 0;
  line.forEach((id, at) => {
    if (at > 0) across += (room(line[at - 1]) + room(id)) / 2;
    offsets.push(across);
  });
  return offsets.map((offset) => offset - across / 2);
}

/** Layers too wide for a phone are broken into several rows; lines that only pass are not led through those. */
function broken(row: string[], widest: number, real: Set<string>): string[][] {
  const members = row.filter((id) => real.has(id));
  if (members.length <= widest) return [row];
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
