// Every file that was given, with what became of it; what was not read stands last, with the reason.
import type { ImportFile } from "@/shared/api/types";
import { plural } from "@/shared/lib/format";
import { Panel, Tag } from "@/shared/ui/basics";
import { Capped } from "@/shared/ui/Capped";
import { t } from "../strings";
import css from "./ImportsPage.module.css";
import { isLeftOut } from "./leftOut";

const statusTone = { read: "good", recognised: "info", unknown: "quiet", superseded: "quiet", failed: "bad" } as const;

export function ImportFiles({ files }: { files: ImportFile[] }) {
  const left = files.filter(isLeftOut);
  const given = files.filter((file) => !isLeftOut(file));
  return (
    <Panel
      title={t.imports.files}
      note={[plural(given.length, "file"), left.length > 0 ? t.imports.leftOutCount(left.length) : ""]
        .filter(Boolean)
        .join(", ")}
      flush
    >
      <ul className={css.files}>
        <Capped items={[...given, ...left]} most={60}>
          {(file) => (
            <li key={file.path}>
              <code>{file.path}</code>
              {isLeftOut(file) ? (
                <Tag>{t.imports.leftOut}</Tag>
              ) : (
                <Tag tone={statusTone[file.status]}>{t.imports.status[file.status]}</Tag>
              )}
              <span className="muted">
                {[
                  t.imports.leftOutKind[file.kind] ?? t.source[file.kind] ?? file.kind,
                  file.services > 0 ? plural(file.services, "service") : "",
                  file.note ?? "",
                ]
                  .filter(Boolean)
                  .join(", ")}
              </span>
            </li>
          )}
        </Capped>
      </ul>
    </Panel>
  );
}
