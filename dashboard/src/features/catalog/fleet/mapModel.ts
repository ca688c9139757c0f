// What the fleet map shows. Up to a couple of hundred services it is all of them; above that it is the services with
// problems, their direct neighbours, and the rest gathered by owner, and it says so.
import type { Edge, State } from "@/shared/api/types";
import { plural } from "@/shared/lib/format";
import { worst } from "@/shared/lib/state";
import { edgeKey } from "./layout";
import { byWorst, type FleetRow } from "./rows";

export const WHOLE_MAP_LIMIT = 200;
const MOST_PROBLEMS = 20;
const MOST_NODES = 48;
const MOST_GROUPS = 24;

export interface MapNode {
  id: string;
  label: string;
  state: State;
  /** Its reason when it has a problem, else its owner. */
  note: string;
  /** The first of a chain of failures: it glows. */
  root: boolean;
  /** Watches nearly every other service; those edges would say nothing and are left out. */
  observer: boolean;
}

/** Services that are not drawn, by owner. */
export interface MapGroup {
  id: string;
  owner: string | null;
  label: string;
  state: State;
  size: number;
  counts: Partial<Record<State, number>>;
}

export interface MapEdge {
  id: string;
  from: string;
  to: string;
  kind: "hard" | "soft";
  /** The worst state that travels along this edge from a cause to its victims. */
  carries: "down" | "degraded" | null;
}

export interface MapModel {
  nodes: MapNode[];
  edges: MapEdge[];
  groups: MapGroup[];
  /** What was left out, in words, or null when everything is shown. */
  caption: string | null;
}

export function mapModel(rows: FleetRow[], edges: Edge[]): MapModel {
  const observers = findObservers(rows.length, edges);
  const useful = edges.filter((edge) => !(edge.kind === "soft" && observers.has(edge.from)));
  if (rows.length <= WHOLE_MAP_LIMIT) {
    return {
      nodes: rows.map((row) => serviceNode(row, observers)),
      edges: mapEdges(useful, rows),
      groups: [],
      caption: null,
    };
  }
  return reducedModel(rows, useful, observers);
}

/** A service with soft edges to more than half of the fleet (and to at least four) only observes it. */
export function findObservers(services: number, edges: Edge[]): Set<string> {
  const soft = new Map<string, number>();
  for (const edge of edges) if (edge.kind === "soft") soft.set(edge.from, (soft.get(edge.from) ?? 0) + 1);
  return new Set([...soft].filter(([, amount]) => amount >= 4 && amount * 2 > services - 1).map(([name]) => name));
}

function reducedModel(rows: FleetRow[], edges: Edge[], observers: Set<string>): MapModel {
  const byName = new Map(rows.map((row) => [row.name, row]));
  const problems = rows.filter((row) => row.state === "down" || row.state === "degraded").sort(byWorst);
  const chosen = new Set(problems.slice(0, MOST_PROBLEMS).map((row) => row.name));
  const shownProblems = chosen.size;
  for (const name of [...chosen]) {
    for (const step of byName.get(name)?.cause?.path ?? []) if (byName.has(step)) chosen.add(step);
  }
  const core = new Set(chosen);
  for (const edge of edges) {
    if (chosen.size >= MOST_NODES) break;
    if (edge.kind !== "hard") continue;
    if (core.has(edge.from) && byName.has(edge.to)) chosen.add(edge.to);
    else if (core.has(edge.to) && byName.has(edge.from)) chosen.add(edge.from);
  }
  const groups = groupByOwner(rows.filter((row) => !chosen.has(row.name)));
  const shown = rows.filter((row) => chosen.has(row.name));
  const services = mapEdges(
    edges.filter((edge) => chosen.has(edge.from) && chosen.has(edge.to)),
    shown,
  );
  const rest = rows.length - shown.length;
  const hidden = problems.length - shownProblems;
  const caption =
    shown.length === 0
      ? `No service has a problem, so all ${plural(rows.length, "service")} are gathered by owner.`
      : [
          `The map shows ${hidden > 0 ? `the ${shownProblems} worst of ${plural(problems.length, "service")}` : plural(problems.length, "service")} with problems`,
          ` and ${plural(shown.length - shownProblems, "neighbour")}; the other ${plural(rest, "service")} are gathered by owner.`,
        ].join("");
  return {
    nodes: shown.map((row) => serviceNode(row, observers)),
    edges: services,
    groups: groups.map(mapGroup),
    caption,
  };
}

interface Group {
  id: string;
  owner: string | null;
  label: string;
  rows: FleetRow[];
}

function groupByOwner(rows: FleetRow[]): Group[] {
  const found = new Map<string, FleetRow[]>();
  for (const row of rows) {
    const owner = row.owner ?? "";
    const members = found.get(owner);
    if (members) members.push(row);
    else found.set(owner, [row]);
  }
  const groups: Group[] = [...found]
    .map(([owner, members]) => ({
      id: `owner:${owner}`,
      owner: owner || null,
      label: owner || "no owner",
      rows: members,
    }))
    .sort((a, b) => b.rows.length - a.rows.length || a.label.localeCompare(b.label));
  if (groups.length <= MOST_GROUPS) return groups;
  const tail = groups.slice(MOST_GROUPS - 1);
  return [
    ...groups.slice(0, MOST_GROUPS - 1),
    { id: "owner:*", owner: null, label: `${tail.length} more owners`, rows: tail.flatMap((group) => group.rows) },
  ];
}

function serviceNode(row: FleetRow, observers: Set<string>): MapNode {
  const observer = observers.has(row.name);
  const caused = row.cause ? `because of ${row.cause.service}` : null;
  return {
    id: row.name,
    label: row.name,
    state: row.state,
    note: row.state === "up" ? (observer ? "observes all" : (row.owner ?? "")) : (caused ?? row.reason ?? row.state),
    root: row.state === "down" && row.cause === null,
    observer,
  };
}

function mapGroup(group: Group): MapGroup {
  const counts: Partial<Record<State, number>> = {};
  for (const row of group.rows) counts[row.state] = (counts[row.state] ?? 0) + 1;
  return {
    id: group.id,
    owner: group.owner,
    label: group.label,
    state: worst(group.rows.map((row) => row.state)),
    size: group.rows.length,
    counts,
  };
}

/** Edges with the trouble they carry: a cause's path is walked from the victim to the cause. */
function mapEdges(edges: Edge[], rows: FleetRow[]): MapEdge[] {
  const carries = new Map<string, "down" | "degraded">();
  for (const row of rows) {
    const path = row.cause?.path ?? [];
    for (let at = 1; at < path.length; at += 1) {
      const id = edgeKey(path[at - 1] ?? "", path[at] ?? "");
      if (carries.get(id) !== "down") carries.set(id, row.state === "down" ? "down" : "degraded");
    }
  }
  return edges.map((edge) => {
    const id = edgeKey(edge.from, edge.to);
    return { id, from: edge.from, to: edge.to, kind: edge.kind, carries: carries.get(id) ?? null };
  });
}
