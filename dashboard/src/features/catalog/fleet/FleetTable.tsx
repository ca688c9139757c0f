// The fleet as a table, worst first, with what can be done for several services at once.
import { useMemo, useState } from "react";
import { type DataColumn, DataTable } from "@/shared/ui/DataTable";
import { t } from "../strings";
import { BulkActions } from "./BulkActions";
import css from "./FleetTable.module.css";
import type { FleetRow } from "./rows";

interface Props {
  /** All services: what is chosen stays chosen while a filter hides it. */
  all: FleetRow[];
  rows: FleetRow[];
  columns: DataColumn<FleetRow>[];
  shown: ReadonlySet<string>;
  sort: string | undefined;
  onSort: (sort: string | undefined) => void;
  onOpen: (name: string) => void;
}

const NONE: ReadonlySet<string> = new Set();

export function FleetTable({ all, rows, columns, shown, sort, onSort, onOpen }: Props) {
  const [chosen, setChosen] = useState(NONE);
  const hidden = useMemo(() => columns.map((column) => column.id).filter((id) => !shown.has(id)), [columns, shown]);
  // A service that was removed meanwhile is no longer chosen.
  const services = useMemo(
    () => (chosen.size === 0 ? [] : all.map((row) => row.name).filter((name) => chosen.has(name))),
    [all, chosen],
  );
  const inSight = useMemo(() => {
    const names = new Set(rows.map((row) => row.name));
    return services.filter((name) => names.has(name)).length;
  }, [rows, services]);
  return (
    <>
      <DataTable
        label={t.fleet.tableLabel}
        rows={rows}
        columns={columns}
        id={(row) => row.name}
        onOpen={onOpen}
        rowHeight={54}
        narrowRowHeight={106}
        narrowClass={css.narrow ?? ""}
        sort={sort}
        onSort={onSort}
        hidden={hidden}
        tone={(row) => row.state}
        chosen={{ ids: chosen, onChange: setChosen, name: (row) => row.name }}
      />
      {services.length > 0 && (
        <BulkActions services={services} outOfSight={services.length - inSight} onClear={() => setChosen(NONE)} />
      )}
    </>
  );
}
