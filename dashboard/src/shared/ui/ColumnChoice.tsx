// Which columns of a list are shown: chosen here, kept in the address, and remembered by this browser.
import { t } from "@/shared/strings";
import css from "./ColumnChoice.module.css";
import type { DataColumn } from "./DataTable";
import { Disclosure } from "./Disclosure";

interface Props<T> {
  columns: DataColumn<T>[];
  shown: ReadonlySet<string>;
  /** Undefined goes back to the columns that suit the screen. */
  onChange: (shown: string[] | undefined) => void;
}

export function ColumnChoice<T>({ columns, shown, onChange }: Props<T>) {
  const optional = columns.filter((column) => column.optional);
  return (
    <Disclosure label={t.common.columns} icon="columns">
      <fieldset className={css.choice}>
        <legend className="sr-only">{t.common.columns}</legend>
        {optional.map((column) => (
          <label key={column.id}>
            <input
              type="checkbox"
              checked={shown.has(column.id)}
              onChange={(event) =>
                onChange(
                  optional
                    .map((each) => each.id)
                    .filter((id) => (id === column.id ? event.target.checked : shown.has(id))),
                )
              }
            />
            {column.name ?? column.header}
          </label>
        ))}
        <button type="button" className={css.usual} onClick={() => onChange(undefined)}>
          {t.common.usualColumns}
        </button>
      </fieldset>
    </Disclosure>
  );
}
