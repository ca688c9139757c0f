// The fleet drawn by dependency. A cause glows; the path from it to its victims is drawn over everything else.
import "@xyflow/react/dist/base.css";
import { ActionIcon } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import {
  BaseEdge,
  type EdgeProps,
  type Edge as FlowEdge,
  type Node as FlowNode,
  Handle,
  type NodeProps,
  Position,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
} from "@xyflow/react";
import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState } from "react";
import type { Edge } from "@/shared/api/types";
import { count } from "@/shared/lib/format";
import { useNarrow } from "@/shared/lib/hooks";
import { STATES } from "@/shared/lib/state";
import { Panel } from "@/shared/ui/basics";
import { Icon } from "@/shared/ui/icons";
import { StateMark } from "@/shared/ui/StateMark";
import { t } from "../strings";
import { smoothPath } from "./edgePath";
import css from "./FleetMap.module.css";
import { edgeKey, layeredLayout, type Point } from "./layout";
import { type MapEdge, type MapGroup, type MapModel, type MapNode, mapModel } from "./mapModel";
import type { FleetRow } from "./rows";

interface Size {
  width: number;
  height: number;
}

const WIDE: Size = { width: 172, height: 46 };
const NARROW: Size = { width: 80, height: 34 };

type ServiceNode = FlowNode<{ node: MapNode; size: Size; down: boolean }, "service">;
type DependencyEdge = FlowEdge<{ edge: MapEdge; bends: Point[]; down: boolean }, "dependency">;

const nodeTypes = { service: NodeCard };
const edgeTypes = { dependency: EdgeLine };

/** The service under the pointer or focus; its edges stand out, the others step back. */
const Focused = createContext<{ id: string | null; set: (id: string | null) => void }>({ id: null, set: () => {} });

export default function FleetMap({ rows, edges }: { rows: FleetRow[]; edges: Edge[] }) {
  const narrow = useNarrow();
  const model = useMemo(() => mapModel(rows, edges), [rows, edges]);
  // Positions depend on which services and edges there are, not on how they are doing: states must not move the map.
  const shape = model.nodes.map((node) => node.id).join("\n") + model.edges.map((edge) => edge.id).join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` says when the layout must change
  const layout = useMemo(() => placeAll(model, narrow), [shape, narrow]);
  const drawsServices = model.nodes.length > 0;
  const [focused, setFocused] = useState<string | null>(null);
  const focus = useMemo(() => ({ id: focused, set: setFocused }), [focused]);
  const nodes = useMemo((): ServiceNode[] => {
    const size = narrow ? NARROW : WIDE;
    return model.nodes.map((node) => {
      const at = layout.positions.get(node.id) ?? { x: 0, y: 0 };
      return {
        id: node.id,
        type: "service",
        position: { x: at.x - size.width / 2, y: at.y - size.height / 2 },
        data: { node, size, down: narrow },
        width: size.width,
        height: size.height,
      };
    });
  }, [model, layout, narrow]);
  const lines = useMemo(
    (): DependencyEdge[] =>
      // What carries trouble is drawn last, over the other lines and still behind the services.
      [...model.edges]
        .sort((a, b) => Number(a.carries !== null) - Number(b.carries !== null))
        .map((edge) => ({
          id: edge.id,
          type: "dependency",
          source: edge.from,
          target: edge.to,
          data: { edge, bends: layout.bends.get(edgeKey(edge.from, edge.to)) ?? [], down: narrow },
          focusable: false,
        })),
    [model, layout, narrow],
  );
  return (
    <Panel title={t.fleet.map} note={model.caption ?? (narrow ? undefined : t.fleet.mapNote)} flush>
      {drawsServices && (
        <Focused value={focus}>
          <ReactFlowProvider>
            <div className={css.canvas} style={{ height: layout.height }}>
              <ReactFlow
                nodes={nodes}
                edges={lines}
                nodeTypes={nodeTypes}
                edgeTypes={edgeTypes}
                aria-label={t.fleet.mapLabel}
                minZoom={0.25}
                maxZoom={1.6}
                nodesDraggable={false}
                nodesConnectable={false}
                nodesFocusable={false}
                edgesFocusable={false}
                elementsSelectable={false}
                zoomOnScroll={false}
                zoomOnDoubleClick={false}
                preventScrolling={false}
                panOnDrag={!narrow}
                proOptions={{ hideAttribution: true }}
                onlyRenderVisibleElements={false}
              />
              <Fit bounds={layout.bounds} height={layout.height} />
            </div>
          </ReactFlowProvider>
        </Focused>
      )}
      {model.groups.length > 0 && <Groups groups={model.groups} />}
    </Panel>
  );
}

const MARGIN = 16;
const LARGEST = 1;

/** Fits the drawing again when it or its room changes, and offers zoom as buttons, since the wheel scrolls the page. */
function Fit({ bounds, height }: { bounds: Placed["bounds"]; height: number }) {
  const flow = useReactFlow();
  const room = useRef<HTMLDivElement>(null);
  const centre = useCallback(() => {
    const width = room.current?.parentElement?.clientWidth ?? 0;
    if (width === 0) return;
    const zoom = Math.min(
      LARGEST,
      (width - 2 * MARGIN) / Math.max(1, bounds.width),
      (height - 2 * MARGIN) / Math.max(1, bounds.height),
    );
    void flow.setViewport({
      x: width / 2 - (bounds.x + bounds.width / 2) * zoom,
      y: height / 2 - (bounds.y + bounds.height / 2) * zoom,
      zoom,
    });
  }, [flow, bounds, height]);
  useEffect(() => {
    const parent = room.current?.parentElement;
    centre();
    if (!parent) return;
    const observer = new ResizeObserver(centre);
    observer.observe(parent);
    return () => observer.disconnect();
  }, [centre]);
  return (
    <div className={css.zoom} ref={room}>
      <ActionIcon size={28} variant="default" aria-label={t.fleet.zoomIn} onClick={() => void flow.zoomIn()}>
        <Icon name="plus" size={14} />
      </ActionIcon>
      <ActionIcon size={28} variant="default" aria-label={t.fleet.zoomOut} onClick={() => void flow.zoomOut()}>
        <svg width="14" height="14" viewBox="0 0 20 20" aria-hidden="true">
          <path d="M4 10h12" stroke="currentColor" strokeWidth="1.600" strokeLinecap="round" />
        </svg>
      </ActionIcon>
      <ActionIcon size={28} variant="default" aria-label={t.fleet.fit} onClick={centre}>
        <svg width="14" height="14" viewBox="0 0 20 20" aria-hidden="true">
          <path
            d="M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4"
            fill="none"
            stroke="currentColor"
            strokeWidth="1.600"
            strokeLinecap="round"
          />
        </svg>
      </ActionIcon>
    </div>
  );
}

function NodeCard({ data }: NodeProps<ServiceNode>) {
  const { node, size, down } = data;
  const { set } = useContext(Focused);
  const shared = {
    className: `${css.node} nopan nodrag`,
    "data-state": node.state,
    "data-root": node.root || undefined,
    style: { width: size.width, height: size.height },
    "aria-label": `${node.label}: ${t.state[node.state]}${node.note ? `, ${node.note}` : ""}`,
    onMouseEnter: () => set(node.id),
    onMouseLeave: () => set(null),
    onFocus: () => set(node.id),
    onBlur: () => set(null),
  };
  return (
    <>
      <Handle
        className={css.handle}
        type="target"
        position={down ? Position.Top : Position.Left}
        isConnectable={false}
      />
      <Link to="/services/$name" params={{ name: node.id }} {...shared}>
        <StateMark state={node.state} size={12} />
        <span className={css.text}>
          <span className={css.label}>{node.label}</span>
          <span className={css.note}>{node.note}</span>
        </span>
      </Link>
      <Handle
        className={css.handle}
        type="source"
        position={down ? Position.Bottom : Position.Right}
        isConnectable={false}
      />
    </>
  );
}

/** The services that are not drawn, gathered by owner; each shows its own in the table. */
function Groups({ groups }: { groups: MapGroup[] }) {
  return (
    <ul className={css.groups}>
      {groups.map((group) => (
        <li key={group.id}>
          <Link
            to="/"
            search={group.owner ? { owner: group.owner } : {}}
            resetScroll={false}
            className={css.group}
            aria-label={t.fleet.group(group.label)}
          >
            <span className={css.groupHead}>
              <StateMark state={group.state} size={10} />
              <span className={css.label}>{group.label}</span>
              <span className={css.note}>{count(group.size)}</span>
            </span>
            <span className={css.groupBar} aria-hidden="true">
              {STATES.map((state) =>
                group.counts[state] ? (
                  <span key={state} data-state={state} style={{ flexGrow: group.counts[state] }} />
                ) : null,
              )}
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}

function EdgeLine({ sourceX, sourceY, targetX, targetY, data, source, target }: EdgeProps<DependencyEdge>) {
  const { id } = useContext(Focused);
  if (!data) return null;
  const points = [{ x: sourceX, y: sourceY }, ...data.bends, { x: targetX, y: targetY }];
  const near = id === source || id === target;
  return (
    <BaseEdge
      path={smoothPath(points, data.down)}
      className={css.edge ?? ""}
      data-kind={data.edge.kind}
      data-carries={data.edge.carries ?? undefined}
      data-near={near || undefined}
      data-far={(id !== null && !near) || undefined}
    />
  );
}

interface Placed {
  positions: Map<string, Point>;
  bends: Map<string, Point[]>;
  /** Everything that is drawn, lines included. */
  bounds: { x: number; y: number; width: number; height: number };
  height: number;
}

/** A drawing of few layers uses the room that a drawing of many would need. */
function stretch(layers: number): number {
  const usual = (layers - 1) * (WIDE.width + 84);
  return usual === 0 ? 1 : Math.min(1.4, Math.max(1, 960 / usual));
}

function placeAll(model: MapModel, narrow: boolean): Placed {
  const size = narrow ? NARROW : WIDE;
  const layout = layeredLayout(
    model.nodes.map((node) => node.id),
    model.edges,
    narrow
      ? { layerGap: 74, nodeGap: size.width + 8, lineGap: 14, direction: "down", widest: 4 }
      : { layerGap: size.width + 84, nodeGap: size.height + 16, lineGap: 22, direction: "right" },
  );
  const wider = narrow ? 1 : stretch(layout.layers.length);
  for (const point of [...layout.positions.values(), ...[...layout.bends.values()].flat()]) point.x *= wider;
  const drawn = [...layout.positions.values(), ...[...layout.bends.values()].flat()];
  const span = (values: number[]) => ({ from: Math.min(0, ...values), to: Math.max(0, ...values) });
  const x = span(drawn.map((point) => point.x));
  const y = span(drawn.map((point) => point.y));
  const bounds = {
    x: x.from - size.width / 2,
    y: y.from - size.height / 2,
    width: x.to - x.from + size.width,
    height: y.to - y.from + size.height,
  };
  const height = Math.min(narrow ? 620 : 600, Math.max(150, bounds.height + 48));
  return { positions: layout.positions, bends: layout.bends, bounds, height };
}
