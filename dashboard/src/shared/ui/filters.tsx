// Filters of a list. Their values live in the address; `/` puts the cursor into the text filter.
import type { ReactNode } from "react";
import css from "./filters.module.css";
import { Icon } from "./icons";

export function Filters({ children }: { children: ReactNode }) {
  return <div className={css.filters}>{children}</div>;
}

export function TextFilter({
  value,
  label,
  onChange,
}: {
  value: string;
  label: string;
  onChange: (text: string) => void;
}) {
  return (
    <label className={css.text}>
      <span className="sr-only">{label}</span>
      <Icon name="search" size={15} />
      <input
        data-list-filter
        type="search"
        value={value}
        placeholder={label}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            onChange("");
            event.currentTarget.blur();
          } else if (event.key === "Enter") event.currentTarget.blur();
        }}
      />
    </label>
  );
}

interface SelectProps {
  label: string;
  any: string;
  value: string | undefined;
  options: { value: string; label: string }[];
  onChange: (value: string | undefined) => void;
}

export function SelectFilter({ label, any, value, options, onChange }: SelectProps) {
  return (
    <select
      className={css.select}
      aria-label={label}
      value={value ?? ""}
      data-set={value ? true : undefined}
      onChange={(event) => onChange(event.target.value || undefined)}
    >
      <option value="">{any}</option>
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </select>
  );
}
