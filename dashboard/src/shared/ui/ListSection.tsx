// The frame of every list that is a table: its title, how many of how many are shown, its filters, and the cells that
// all lists share.
import type { ReactNode } from "react";
import { t } from "@/shared/strings";
import css from "./ListSection.module.css";

interface Props {
  title: string;
  shown: number;
  all: number;
  /** Filters and buttons at the end of the heading. */
  tools: ReactNode;
  children: ReactNode;
}

export function ListSection({ title, shown, all, tools, children }: Props) {
  return (
    <section className={css.list} aria-label={title}>
      <div className={css.head}>
        <h2>
          {title} <span className="muted">{t.common.shown(shown, all)}</span>
        </h2>
        {tools}
      </div>
      {children}
    </section>
  );
}

interface TwoLinesProps {
  /** Stands before both lines, for example a state's shape. */
  mark?: ReactNode;
  first: ReactNode;
  second: ReactNode;
  /** Colours the second line as the state does. */
  state?: string | undefined;
}

/** What a row is about, and beneath it, smaller, what belongs to it. Both are cut off rather than wrapped. */
export function TwoLines({ mark, first, second, state }: TwoLinesProps) {
  return (
    <span className={css.lines} data-state={state}>
      {mark}
      <span>
        <span className={css.first}>{first}</span>
        <span className={css.second}>{second}</span>
      </span>
    </span>
  );
}
