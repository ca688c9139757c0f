// A table that is wider than a narrow screen scrolls by itself, also by keyboard.
import type { ReactNode } from "react";
import css from "./OperatePage.module.css";

export function Scroll({ label, children }: { label: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className={css.scroll} aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}
