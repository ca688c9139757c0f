// What a job was given or an event says, line by line, and to be copied as it is.
import { Copy, Panel } from "@/shared/ui/basics";
import css from "./OperatePage.module.css";

export function Json({ title, note, value }: { title: string; note?: string; value: unknown }) {
  const text = JSON.stringify(value, null, 2) ?? "null";
  return (
    <Panel title={title} note={note} flush actions={<Copy text={text} what={title} />}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <pre className={css.body} tabIndex={0}>
        {text}
      </pre>
    </Panel>
  );
}
