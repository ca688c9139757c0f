// The first of many, with a way to the rest: a report of a large fleet must not make the page heavy.
import { Button } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { t } from "@/shared/strings";
import css from "./Capped.module.css";

interface CappedProps<T> {
  items: T[];
  most: number;
  /** The element that holds the button: a list item within a list. */
  rest?: "li" | "div";
  children: (item: T) => ReactNode;
}

export function Capped<T>({ items, most, rest: Rest = "li", children }: CappedProps<T>) {
  const [all, setAll] = useState(false);
  return (
    <>
      {(all ? items : items.slice(0, most)).map(children)}
      {!all && items.length > most && (
        <Rest className={css.rest}>
          <Button size="compact-sm" onClick={() => setAll(true)}>
            {t.common.showAll(items.length)}
          </Button>
        </Rest>
      )}
    </>
  );
}
