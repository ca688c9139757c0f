// The report of one import: the possible aliases, findings by file with their lines, the changes, the files.
import { Button, Checkbox } from "@mantine/core";
import { useMemo } from "react";
import type { Finding, Import, Severity } from "@/shared/api/types";
import { plural } from "@/shared/lib/format";
import { Copy, Panel, Tag } from "@/shared/ui/basics";
import { Capped } from "@/shared/ui/Capped";
import { Filters, SelectFilter, TextFilter } from "@/shared/ui/filters";
import { t } from "../strings";
import { byFile, type FindingFilter, filterFindings, severityRank } from "./findings";
import { ImportChanges } from "./ImportChanges";
import { ImportFiles } from "./ImportFiles";
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
                label={t.common.severity}
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
      <ImportChanges changes={report.changes} preview={report.dry_run} />
      <ImportFiles files={report.files} />
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
