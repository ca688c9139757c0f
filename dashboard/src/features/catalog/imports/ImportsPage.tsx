// Import: what the files say, where they contradict each other, and what would change, before anything does.
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "@/shared/api/endpoints";
import { q } from "@/shared/api/queries";
import type { Import } from "@/shared/api/types";
import { dateTime, plural } from "@/shared/lib/format";
import { useEnvironment } from "@/shared/lib/range";
import { useAction } from "@/shared/ui/actions";
import { Empty, ErrorNote, PageHead, Panel, Waiting } from "@/shared/ui/basics";
import { t } from "../strings";
import { DropZone } from "./DropZone";
import { ImportReport } from "./ImportReport";
import css from "./ImportsPage.module.css";
import type { Chosen } from "./readFiles";
import { importSentence } from "./sentence";

interface Preview extends Chosen {
  aliases: Record<string, string>;
  accept: string[];
  report: Import;
}

export function ImportsPage() {
  const environment = useEnvironment();
  const imports = useQuery(q.imports());
  const search = useSearch({ from: "/imports" });
  const navigate = useNavigate({ from: "/imports" });
  const [preview, setPreview] = useState<Preview | null>(null);
  const look = useAction({
    what: "read these files",
    run: async ({ files, left_out, aliases, accept }: Omit<Preview, "report">): Promise<Preview> => {
      const input = { files, left_out, aliases, accept };
      return { ...input, report: await api.runImport({ ...input, dry_run: true }, environment) };
    },
    touches: [],
    onDone: setPreview,
  });
  const apply = useAction({
    what: "apply this import",
    run: ({ report: _, ...input }: Preview) => api.runImport({ ...input, dry_run: false }, environment),
    done: (report) => t.imports.applied(report.summary.services),
    touches: ["imports", "services", "dependencies", "checks", "states", "slos", "facts", "meta"],
    onDone: (report) => {
      setPreview(null);
      void navigate({ search: (old) => ({ ...old, id: report.id }) });
    },
  });
  const latest = imports.data?.find((each) => each.id === search.id) ?? imports.data?.[0];
  const chosen = useQuery({ ...q.import(search.id ?? latest?.id ?? ""), enabled: Boolean(search.id ?? latest?.id) });
  const report = preview?.report ?? chosen.data ?? latest;
  const error = imports.error;

  return (
    <>
      <PageHead
        title={preview ? t.imports.preview : t.pages.imports}
        pieces={
          report
            ? importSentence(report)
            : imports.data
              ? [t.imports.empty, "."]
              : error
                ? [t.common.couldNot("load the imports")]
                : undefined
        }
        actions={
          preview && (
            <>
              <Button onClick={() => setPreview(null)}>{t.imports.discard}</Button>
              <Button variant="filled" loading={apply.isPending} onClick={() => apply.mutate(preview)}>
                {t.imports.apply}
              </Button>
            </>
          )
        }
      >
        {preview && <p className="muted">{t.imports.previewNote}</p>}
        {!preview && report && (
          <p className="muted">
            {dateTime(report.at)}
            {report.dry_run ? `, ${t.imports.dryRun}` : ""}
          </p>
        )}
      </PageHead>
      <div className={css.stack}>
        {error && !imports.data ? (
          <ErrorNote page error={error} what="load the imports" retry={() => void imports.refetch()} />
        ) : null}
        {!preview && (
          <DropZone busy={look.isPending} onFiles={(chosen) => look.mutate({ ...chosen, aliases: {}, accept: [] })} />
        )}
        {report ? (
          <ImportReport
            key={report.id}
            report={report}
            filter={search}
            onFilter={(change) => void navigate({ search: (old) => ({ ...old, ...change }), replace: true })}
            {...(preview
              ? {
                  aliases: preview.aliases,
                  onAlias: (aliases: Record<string, string>) => look.mutate({ ...preview, aliases }),
                  accepted: preview.accept,
                  onAccept: (accept: string[]) => look.mutate({ ...preview, accept }),
                }
              : {})}
          />
        ) : imports.isPending ? (
          <Panel title={t.imports.findings} flush>
            <Waiting rows={6} />
          </Panel>
        ) : (
          !error && (
            <Panel flush>
              <Empty title={t.imports.empty} command={t.imports.emptyCommand}>
                <p>{t.imports.emptyText}</p>
              </Empty>
            </Panel>
          )
        )}
        {!preview && (imports.data?.length ?? 0) > 1 && <Earlier imports={imports.data ?? []} current={report?.id} />}
      </div>
    </>
  );
}

function Earlier({ imports, current }: { imports: Import[]; current: string | undefined }) {
  return (
    <Panel title={t.imports.history} flush>
      <ul className={css.earlier}>
        {imports.map((each) => (
          <li key={each.id} aria-current={each.id === current || undefined}>
            <Link to="/imports" search={{ id: each.id }}>
              {dateTime(each.at)}
            </Link>
            <span className="muted">
              {plural(each.summary.files, "file")}, {plural(each.summary.errors, "error")},{" "}
              {plural(each.summary.warnings, "warning")}
              {each.dry_run ? `, ${t.imports.dryRun}` : ""}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
