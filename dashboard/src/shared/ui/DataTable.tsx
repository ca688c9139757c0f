// A list as a table: sorting, hidden columns, keyboard, and only the visible rows in the document, so that ten
// thousand rows scroll like ten. TanStack Table keeps the order, TanStack Virtual the window.
import {
  columnVisibilityFeature,
  createColumnHelper,
  createSortedRowModel,
  rowSortingFeature,
  type SortingState,
  tableFeatures,
  useTable,
} from "@tanstack/react-table";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useCallback, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { Optional } from "@/shared/lib/columns";
import { useKeys, useNarrow } from "@/shared/lib/hooks";
import { t } from "@/shared/strings";
import css from "./DataTable.module.css";
import { useSelection } from "./useSelection";

export interface DataColumn<T> extends Optional {
  header: string;
  /** Where it is chosen, when the heading says more or less than that. */
  name?: string;
  /** A track of the grid, for example `minmax(160px, 1.4fr)`. */
  track: string;
  cell: (row: T) => ReactNode;
  /** Ascending order. Without it the column cannot be sorted. */
  compare?: (a: T, b: T) => number;
  align?: "right";
  /** What a CSV export writes. */
  text?: (row: T) => string | number | null;
}

/** Rows that something is to be done with; a row that is filtered away stays chosen. */
export interface Chosen<T> {
  ids: ReadonlySet<string>;
  onChange: (ids: ReadonlySet<string>) => void;
  name: (row: T) => string;
}

interface Props<T> {
  label: string;
  rows: T[];
  columns: DataColumn<T>[];
  id: (row: T) => string;
  onOpen: (id: string) => void;
  rowHeight: number;
  narrowRowHeight: number;
  /** Distinguishes the card layout of narrow screens; see the CSS of the feature. */
  narrowClass: string;
  sort?: string | undefined;
  onSort?: (sort: string | undefined) => void;
  hidden?: string[];
  current?: string | undefined;
  tone?: (row: T) => string | undefined;
  chosen?: Chosen<T>;
}

const features = tableFeatures({
  rowSortingFeature,
  columnVisibilityFeature,
  sortedRowModel: createSortedRowModel(),
});

interface Held<T> {
  value: T;
}

export function DataTable<T>(props: Props<T>) {
  const { rows, columns, id, onOpen, hidden, sort, onSort, chosen } = props;
  const narrow = useNarrow();
  const held = useMemo(() => rows.map((value): Held<T> => ({ value })), [rows]);
  const definitions = useMemo(() => {
    const helper = createColumnHelper<typeof features, Held<T>>();
    return columns.map((column) =>
      helper.accessor((row): unknown => row.value, {
        id: column.id,
        header: column.header,
        enableSorting: column.compare !== undefined,
        sortFn: (a, b) => column.compare?.(a.original.value, b.original.value) ?? 0,
      }),
    );
  }, [columns]);
  const sorting = useMemo(() => parseSort(sort), [sort]);
  const visibility = useMemo(() => Object.fromEntries((hidden ?? []).map((name) => [name, false])), [hidden]);
  const table = useTable({
    features,
    columns: definitions,
    data: held,
    state: { sorting, columnVisibility: visibility },
    getRowId: (row: Held<T>) => id(row.value),
    enableSortingRemoval: true,
  });
  const shown = table.getRowModel().rows;
  const ids = useMemo(() => shown.map((row) => row.id), [shown]);

  const body = useRef<HTMLDivElement>(null);
  const [offset, setOffset] = useState(0);
  useLayoutEffect(() => {
    const measure = () => setOffset((body.current?.getBoundingClientRect().top ?? 0) + window.scrollY);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, []);
  const rowHeight = narrow ? props.narrowRowHeight : props.rowHeight;
  const virtual = useWindowVirtualizer({
    count: shown.length,
    estimateSize: useCallback(() => rowHeight, [rowHeight]),
    getItemKey: useCallback((index: number) => ids[index] ?? index, [ids]),
    overscan: 8,
    scrollMargin: offset,
    // Room for the top bar and the sticky heading when a row is brought into view.
    scrollPaddingStart: 110,
    scrollPaddingEnd: 80,
  });
  const { selected, setSelected } = useSelection({
    ids,
    onOpen,
    onMove: (index) => virtual.scrollToIndex(index, { align: "auto" }),
  });

  const choose = useChoice(chosen, ids);
  useKeys({
    x: () => selected !== null && choose?.toggle(selected, false),
    Escape: () => chosen && chosen.ids.size > 0 && chosen.onChange(new Set()),
  });

  const visible = columns.filter((column) => !hidden?.includes(column.id));
  const template = [...(choose ? ["16px"] : []), ...visible.map((column) => column.track)].join(" ");
  const style = { "--columns": template } as React.CSSProperties;
  return (
    <div
      role="table"
      className={`${css.table} ${narrow ? props.narrowClass : ""}`}
      style={style}
      aria-label={props.label}
      aria-rowcount={shown.length + 1}
      data-narrow={narrow || undefined}
    >
      <div className={css.head} role="row" aria-rowindex={1}>
        {choose && (
          <div role="columnheader" className={css.headCell} data-col="choose">
            <input
              type="checkbox"
              aria-label={t.common.chooseAll}
              checked={choose.all === "all"}
              ref={(box) => {
                if (box) box.indeterminate = choose.all === "some";
              }}
              onChange={choose.toggleAll}
            />
          </div>
        )}
        {visible.map((column) => (
          <div
            key={column.id}
            role="columnheader"
            data-align={column.align}
            aria-sort={ariaSort(sorting, column.id)}
            className={css.headCell}
          >
            {column.compare && onSort ? (
              <button
                type="button"
                onClick={() => onSort(nextSort(column.id, sorting))}
                aria-label={t.common.sortBy(column.header)}
              >
                {column.header}
                <span aria-hidden="true">{arrow(sorting, column.id)}</span>
              </button>
            ) : (
              column.header
            )}
          </div>
        ))}
      </div>
      <div ref={body} className={css.body} role="rowgroup" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const row = shown[item.index];
          if (!row) return null;
          const value = row.original.value;
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the row's own link takes the keyboard; a click anywhere is a convenience
            <div
              key={row.id}
              role="row"
              tabIndex={-1}
              aria-rowindex={item.index + 2}
              className={css.row}
              style={{ height: item.size, transform: `translateY(${item.start - offset}px)` }}
              data-selected={row.id === selected || undefined}
              data-current={row.id === props.current || undefined}
              data-tone={props.tone?.(value)}
              onClick={(event) => {
                if ((event.target as HTMLElement).closest("a, button, input, label")) return;
                if (window.getSelection()?.toString()) return;
                setSelected(row.id);
                onOpen(row.id);
              }}
            >
              {choose && (
                <div role="cell" className={css.cell} data-col="choose">
                  <label className={css.choose}>
                    <input
                      type="checkbox"
                      aria-label={t.common.chooseRow(chosen?.name(value) ?? row.id)}
                      checked={chosen?.ids.has(row.id) ?? false}
                      onChange={(event) =>
                        choose.toggle(row.id, (event.nativeEvent as MouseEvent).shiftKey && event.target.checked)
                      }
                    />
                  </label>
                </div>
              )}
              {visible.map((column) => (
                <div key={column.id} role="cell" className={css.cell} data-col={column.id} data-align={column.align}>
                  {column.cell(value)}
                </div>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}

interface Choice {
  all: "all" | "some" | "none";
  toggleAll: () => void;
  /** With `through`, everything between the row chosen last and this one is chosen too. */
  toggle: (id: string, through: boolean) => void;
}

function useChoice<T>(chosen: Chosen<T> | undefined, shown: string[]): Choice | undefined {
  const last = useRef<string | null>(null);
  if (!chosen) return undefined;
  const { ids, onChange } = chosen;
  const here = shown.filter((id) => ids.has(id)).length;
  const all = here === 0 ? "none" : here === shown.length ? "all" : "some";
  return {
    all,
    toggleAll: () => {
      const next = new Set(ids);
      for (const id of shown) all === "all" ? next.delete(id) : next.add(id);
      onChange(next);
    },
    toggle: (id, through) => {
      const next = new Set(ids);
      const [from, to] = [shown.indexOf(last.current ?? id), shown.indexOf(id)];
      if (through && from >= 0) {
        for (const each of shown.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(each);
      } else if (!next.delete(id)) next.add(id);
      last.current = id;
      onChange(next);
    },
  };
}

/** `p95:desc` in the address. */
function parseSort(sort: string | undefined): SortingState {
  if (!sort) return [];
  const [id, way] = sort.split(":");
  return id ? [{ id, desc: way === "desc" }] : [];
}

/** Ascending, then descending, then back to the list's own order. */
function nextSort(id: string, sorting: SortingState): string | undefined {
  const now = sorting[0]?.id === id ? sorting[0] : undefined;
  if (!now) return `${id}:asc`;
  return now.desc ? undefined : `${id}:desc`;
}

function ariaSort(sorting: SortingState, id: string): "ascending" | "descending" | "none" {
  const now = sorting[0];
  if (now?.id !== id) return "none";
  return now.desc ? "descending" : "ascending";
}

function arrow(sorting: SortingState, id: string): string {
  const now = sorting[0];
  if (now?.id !== id) return "";
  return now.desc ? " ↓" : " ↑";
}
