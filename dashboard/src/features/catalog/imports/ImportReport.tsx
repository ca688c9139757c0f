// The report of one import: findings by file with their lines, the files, the possible aliases, the changes.
import { Button, Checkbox } from "@mantine/core";
import { type ReactNode, useMemo, useState } from "react";
import type { Finding, Import, ImportChange, ImportFile, Severity } from "@/shared/api/types";
import { listOf, plural } from "@/shared/lib/format";
import { Copy, Panel, Tag } from "@/shared/ui/basics";
import { Filters, SelectFilter, TextFilter } from "@/shared/ui/filters";
import { t } from "@/strings";
import { valueText } from "../service/facts";
import { byFile, type FindingFilter, filterFindings, severityRank } from "./findings";
import css from "./ImportsPage.module.css";

interface Props {
  report: Import;
  filter: FindingFilter;
  onFilter: (change: FindingFilter) => void;
  aliases?: Record<string, string>;
  onAlias?: (aliases: Record<string, string>) => void;
  accepted?: string[];
  onAccept?: (accept: string[]) => void;
}

export function ImportReport({ report, filter, onFilter, aliases, onAlias, accepted, onAccept }: Props) {
  const shown = useMemo(() => filterFindings(report.findings, filter), [report.findings, filter]);
  const groups = useMemo(() => byFile(shown), [shown]);
  const codes = useMemo(() => [...new Set(report.findings.map((finding) => finding.code))].sort(), [report.findings]);
  return (
    <>
      {report.proposals.length > 0 && (
        <Panel title={t.imports.proposals} note={onAlias ? t.imports.proposalsNote : undefined}>
          <ul className={css.proposals}>
            {report.proposals.map((proposal) => (
              <li key={proposal.name}>
                {onAlias ? (
                  <Checkbox
                    label={t.imports.proposal(proposal.name, proposal.matches)}
                    checked={aliases?.[proposal.name] === proposal.matches}
                    onChange={(event) => {
                      const { [proposal.name]: _, ...others } = aliases ?? {};
                      onAlias(event.target.checked ? { ...others, [proposal.name]: proposal.matches } : others);
                    }}
                  />
                ) : (
                  <strong>{t.imports.proposal(proposal.name, proposal.matches)}?</strong>
                )}
                <span className="muted">
                  {proposal.because}{" "}
                  <code>
                    {proposal.file}
                    {proposal.line ? `:${proposal.line}` : ""}
                  </code>
                </span>
              </li>
            ))}
          </ul>
        </Panel>
      )}
      <Panel
        title={t.imports.findings}
        note={t.common.shown(shown.length, report.findings.length)}
        flush
        actions={
          report.findings.length > 0 && (
            <Filters>
              <TextFilter value={filter.text ?? ""} label={t.common.filter} onChange={(text) => onFilter({ text })} />
              <SelectFilter
                label={t.alerts.severityLabel}
                any={t.imports.anySeverity}
                value={filter.severity}
                options={(Object.keys(severityRank) as Severity[]).map((value) => ({
                  value,
                  label: t.imports.severity[value],
                }))}
                onChange={(severity) => onFilter({ severity: severity as Severity })}
              />
              <SelectFilter
                label={t.imports.kind}
                any={t.imports.anyCode}
                value={filter.code}
                options={codes.map((value) => ({ value, label: value }))}
                onChange={(code) => onFilter({ code: code as string })}
              />
            </Filters>
          )
        }
      >
        {report.findings.length === 0 && <p className={css.none}>{t.imports.noFindings}</p>}
        {report.findings.length > 0 && shown.length === 0 && <p className={css.none}>{t.common.nothingMatches}</p>}
        {groups.map(([file, findings]) => (
          <section key={file} className={css.group}>
            <h3>
              <code>{file}</code> <Copy text={file} what={file} />
              <span className="muted">{plural(findings.length, "finding")}</span>
            </h3>
            <Capped items={findings} most={40} rest="div">
              {(finding) => (
                <FindingCard
                  key={finding.id}
                  finding={finding}
                  accepted={finding.accepted ?? accepted?.includes(finding.id) ?? false}
                  {...(onAccept ? { onAccept: () => onAccept([...(accepted ?? []), finding.id]) } : {})}
                />
              )}
            </Capped>
          </section>
        ))}
      </Panel>
      <Changes changes={report.changes} preview={report.dry_run} />
      <FileList files={report.files} />
    </>
  );
}

const tone = { error: "bad", warning: "warn", info: "quiet" } as const;

interface CardProps {
  finding: Finding;
  accepted: boolean;
  onAccept?: () => void;
}

function FindingCard({ finding, accepted, onAccept }: CardProps) {
  return (
    <article className={css.finding}>
      <p className={css.message}>
        <Tag tone={tone[finding.severity]}>{t.imports.severity[finding.severity]}</Tag>
        <span>{finding.message}</span>
        <code className={css.code}>{finding.code}</code>
        {accepted && !onAccept && <Tag>{t.imports.accepted}</Tag>}
        {onAccept && (
          <Button
            size="compact-xs"
            disabled={accepted}
            onClick={onAccept}
            aria-label={`${t.imports.accept}: ${finding.message}`}
          >
            {accepted ? t.imports.accepted : t.imports.accept}
          </Button>
        )}
      </p>
      <div className={css.sides} data-both={finding.also.length > 0 || undefined}>
        {finding.excerpt.length > 0 && <Excerpt file={finding.file} lines={finding.excerpt} marked={finding.line} />}
        {finding.also.length > 0 && (
          <div className={css.also}>
            {finding.also.map((other) => (
              <Excerpt
                key={`${other.file}${other.line}`}
                file={other.file}
                lines={[{ line: other.line, text: other.text }]}
                marked={other.line}
              />
            ))}
          </div>
        )}
      </div>
    </article>
  );
}

function Excerpt({
  file,
  lines,
  marked,
}: {
  file: string;
  lines: { line: number; text: string }[];
  marked: number | null;
}) {
  return (
    <figure className={css.excerpt}>
      <figcaption>
        {file}
        {marked ? `:${marked}` : ""}
      </figcaption>
      <ol>
        {lines.map((line) => (
          <li key={line.line} data-marked={line.line === marked || undefined}>
            <span className={css.number}>{line.line}</span>
            <code>{line.text}</code>
          </li>
        ))}
      </ol>
    </figure>
  );
}

const statusTone = { read: "good", recognised: "info", unknown: "quiet", superseded: "quiet", failed: "bad" } as const;

function FileList({ files }: { files: ImportFile[] }) {
  return (
    <Panel title={t.imports.files} note={plural(files.length, "file")} flush>
      <ul className={css.files}>
        <Capped items={files} most={60}>
          {(file) => (
            <li key={file.path}>
              <code>{file.path}</code>
              <Tag tone={statusTone[file.status]}>{t.imports.status[file.status]}</Tag>
              <span className="muted">
                {[
                  t.source[file.kind] ?? file.kind,
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

const changeTone = { added: "good", changed: "info", removed: "warn", kept: "quiet" } as const;

function Changes({ changes, preview }: { changes: ImportChange[]; preview: boolean }) {
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

interface CappedProps<T> {
  items: T[];
  most: number;
  /** The element that holds the button: a list item within a list. */
  rest?: "li" | "div";
  children: (item: T) => ReactNode;
}

/** The first of many, with a way to the rest: a report of a large fleet must not make the page heavy. */
function Capped<T>({ items, most, rest: Rest = "li", children }: CappedProps<T>) {
  const [all, setAll] = useState(false);
  return (
    <>
      {(all ? items : items.slice(0, most)).map(children)}
      {!all && items.length > most && (
        <Rest className={css.rest}>
          <Button size="compact-sm" onClick={() => setAll(true)}>
            {t.imports.showAll(items.length)}
          </Button>
        </Rest>
      )}
    </>
  );
}
