// What an import changes in the catalog, or would.
import type { ImportChange } from "@/shared/api/types";
import { listOf, plural } from "@/shared/lib/format";
import { Panel, Tag } from "@/shared/ui/basics";
import { Capped } from "@/shared/ui/Capped";
import { valueText } from "../service/facts";
import { t } from "../strings";
import css from "./ImportsPage.module.css";

const changeTone = { added: "good", changed: "info", removed: "warn", kept: "quiet" } as const;

export function ImportChanges({ changes, preview }: { changes: ImportChange[]; preview: boolean }) {
  if (changes.length === 0 && !preview) return null;
  const whole = changes.filter((change) => change.field === null);
  const fields = changes.filter((change) => change.field !== null);
  const kinds = (["added", "removed", "changed", "kept"] as const).filter((kind) =>
    whole.some((change) => change.change === kind),
  );
  return (
    <Panel title={t.imports.changes} note={changes.length > 0 ? plural(changes.length, "change") : undefined} flush>
      {changes.length === 0 && <p className={css.none}>{t.imports.noChanges}</p>}
      <ul className={css.changes}>
        {kinds.map((kind) => (
          <li key={kind}>
            <Tag tone={changeTone[kind]}>{t.imports.change[kind]}</Tag>
            <strong>
              {listOf(
                whole.filter((change) => change.change === kind).map((change) => change.service),
                40,
              )}
            </strong>
          </li>
        ))}
        <Capped items={fields} most={60}>
          {(change) => (
            <li key={`${change.service}${change.field}${change.change}`}>
              <Tag tone={changeTone[change.change]}>{t.imports.change[change.change]}</Tag>
              <strong>{change.service}</strong>
              <span>
                {change.field}: <s className="muted">{valueText(change.before)}</s> →{" "}
                <code>{valueText(change.after)}</code>
              </span>
            </li>
          )}
        </Capped>
      </ul>
    </Panel>
  );
}
