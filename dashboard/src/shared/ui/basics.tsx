// The small parts every page is made of: headings, panels, empty and failed states, times, copying, tags.
import { ActionIcon, Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect, useState } from "react";
import { ApiError } from "@/shared/api/client";
import type { Source } from "@/shared/api/types";
import { dateTime, percent, relative } from "@/shared/lib/format";
import { useNow } from "@/shared/lib/hooks";
import { budgetTone } from "@/shared/lib/objectives";
import type { Piece } from "@/shared/lib/sentence";
import { t } from "@/shared/strings";
import css from "./basics.module.css";
import { Icon } from "./icons";

export function Sentence({ pieces }: { pieces: Piece[] }) {
  return (
    <p className={css.sentence}>
      {pieces.map((piece, index) => {
        // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no identity beyond their place in the sentence
        if (typeof piece === "string") return <span key={index}>{piece}</span>;
        const tone = piece.tone ?? "strong";
        if (piece.slo) {
          return (
            <Link
              // biome-ignore lint/suspicious/noArrayIndexKey: as above
              key={index}
              className={css.subject}
              data-tone={tone}
              to="/slos/$id"
              params={{ id: piece.slo }}
            >
              {piece.text}
            </Link>
          );
        }
        if (piece.service) {
          return (
            <Link
              // biome-ignore lint/suspicious/noArrayIndexKey: as above
              key={index}
              className={css.subject}
              data-tone={tone}
              to="/services/$name"
              params={{ name: piece.service }}
            >
              {piece.text}
            </Link>
          );
        }
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: as above
          <strong key={index} className={css.subject} data-tone={tone}>
            {piece.text}
          </strong>
        );
      })}
    </p>
  );
}

interface PageHeadProps {
  title: ReactNode;
  pieces?: Piece[] | undefined;
  above?: ReactNode;
  actions?: ReactNode;
  children?: ReactNode;
}

/** Title, then the sentence that says what the page will prove. */
export function PageHead({ title, pieces, above, actions, children }: PageHeadProps) {
  return (
    <header className={css.head}>
      {above}
      <div className={css.headRow}>
        <h1 className={css.title}>{title}</h1>
        {actions && <div className={css.actions}>{actions}</div>}
      </div>
      {pieces ? <Sentence pieces={pieces} /> : <p className={css.sentence}>&nbsp;</p>}
      {children}
    </header>
  );
}

interface PanelProps {
  title?: ReactNode;
  note?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  flush?: boolean;
  id?: string;
}

export function Panel({ title, note, actions, children, flush, id }: PanelProps) {
  return (
    <section className={css.panel} id={id}>
      {(title || actions) && (
        <div className={css.panelHead}>
          <h2 className={css.panelTitle}>{title}</h2>
          {note && <span className={css.panelNote}>{note}</span>}
          {actions && <div className={css.panelActions}>{actions}</div>}
        </div>
      )}
      <div className={flush ? undefined : css.panelBody}>{children}</div>
    </section>
  );
}

export function Empty({ title, children, command, action }: EmptyProps) {
  return (
    <div className={css.empty}>
      <p className={css.emptyTitle}>{title}</p>
      {children && <div className={css.emptyText}>{children}</div>}
      {command && <Command text={command} />}
      {action}
    </div>
  );
}

interface EmptyProps {
  title: string;
  children?: ReactNode;
  command?: string;
  action?: ReactNode;
}

export function Command({ text }: { text: string }) {
  return (
    <span className={css.command}>
      <code>{text}</code>
      <Copy text={text} what={t.common.command} />
    </span>
  );
}

/** The server's words; what it set between backticks is set as code. */
export function Words({ text }: { text: string }) {
  return text.split("`").map((part, at) =>
    at % 2 === 1 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: parts of one text
      <code key={at}>{part}</code>
    ) : (
      part
    ),
  );
}

interface ErrorNoteProps {
  error: unknown;
  /** Completes “Could not …”. */
  what: string;
  retry?: () => void;
  /** The page's own sentence already says what could not be done. */
  page?: boolean;
}

/** What happened, to what, what to do next, and the request id to name when asking for help. */
export function ErrorNote({ error, what, retry, page }: ErrorNoteProps) {
  const known = error instanceof ApiError ? error : null;
  const detail = known?.detail || (error instanceof Error ? error.message : "");
  return (
    <div className={css.error} role="alert">
      {page ? (
        <p className={css.errorTitle}>
          <Words text={detail} />
        </p>
      ) : (
        <>
          <p className={css.errorTitle}>{t.common.couldNot(what)}</p>
          <p>
            <Words text={detail} />
          </p>
        </>
      )}
      {known && known.fields.length > 0 && (
        <ul className={css.errorFields}>
          {known.fields.map((field) => (
            <li key={field.field}>
              <code>{field.field}</code> {field.message}
            </li>
          ))}
        </ul>
      )}
      <div className={css.errorFoot}>
        {retry && (
          <Button size="xs" onClick={retry}>
            {t.common.tryAgain}
          </Button>
        )}
        {known?.requestId && (
          <span className={css.requestId}>
            {t.common.requestId} <code>{known.requestId}</code>{" "}
            <Copy text={known.requestId} what={t.common.requestId} />
          </span>
        )}
      </div>
    </div>
  );
}

/** Grey bars in the place of what is coming. They appear only after a fifth of a second. */
export function Waiting({ rows = 3, height = 20 }: { rows?: number; height?: number }) {
  return (
    <div className={css.waiting} aria-busy="true">
      <span className="sr-only">{t.common.loading}</span>
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: identical bars
        <span key={row} style={{ height }} />
      ))}
    </div>
  );
}

export function Copy({ text, what }: { text: string; what: string }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), 1600);
    return () => clearTimeout(timer);
  }, [done]);
  return (
    <ActionIcon
      className={css.copy}
      variant="subtle"
      color="gray"
      size={24}
      aria-label={done ? t.common.copied : t.common.copy(what)}
      onClick={() => {
        void navigator.clipboard?.writeText(text).then(() => setDone(true));
      }}
    >
      <Icon name={done ? "check" : "copy"} size={15} />
    </ActionIcon>
  );
}

export function Ago({ at }: { at: string }) {
  const now = useNow(1000);
  return (
    <time dateTime={at} title={dateTime(at)} className="nowrap">
      {relative(at, now)}
    </time>
  );
}

/** The local time with its zone, and beside it how long ago that was. */
export function When({ at }: { at: string }) {
  const now = useNow(1000);
  return (
    <time dateTime={at} className={css.when}>
      {dateTime(at)} <span className="muted">({relative(at, now)})</span>
    </time>
  );
}

export function Tag({ children, tone }: { children: ReactNode; tone?: "bad" | "warn" | "good" | "quiet" | "info" }) {
  return (
    <span className={css.tag} data-tone={tone ?? "quiet"}>
      {children}
    </span>
  );
}

interface BudgetBarProps {
  remaining: number | null;
  /** How the objective stands: a budget that is nearly whole and burns is not a good one. */
  state?: keyof typeof budgetTone;
}

/** What is left of an error budget. Overspent is drawn past empty, hatched, and said in words. */
export function BudgetBar({ remaining, state }: BudgetBarProps) {
  const alarm = state && (budgetTone[state] === "bad" || budgetTone[state] === "warn") ? budgetTone[state] : undefined;
  const tone = remaining === null ? "none" : remaining <= 0 ? "bad" : (alarm ?? (remaining < 0.2 ? "warn" : "good"));
  const width = remaining === null ? 0 : Math.min(1, Math.max(0, remaining)) * 100;
  const words =
    remaining === null
      ? t.budget.noData
      : remaining < 0
        ? t.budget.overspent(percent(-remaining))
        : t.budget.left(percent(remaining));
  return (
    <span className={css.budget} data-tone={tone}>
      <span className={css.budgetTrack} aria-hidden="true">
        <span style={{ width: `${remaining !== null && remaining < 0 ? 100 : width}%` }} />
      </span>
      <span className={css.budgetText}>{remaining === null ? "–" : percent(remaining)}</span>
      <span className="sr-only">
        {words}
        {alarm && state ? `, ${t.budget.state[state]}` : ""}
      </span>
    </span>
  );
}

export function SourceRef({ source }: { source: Source | null }) {
  if (!source) return <span className="muted">–</span>;
  return (
    <span className={css.source}>
      <Tag>
        {t.source[source.kind] ?? source.kind}
        {source.version ? ` ${source.version}` : ""}
      </Tag>
      {source.file && <Place file={source.file} line={source.line} />}
    </span>
  );
}

/** A path that is broken between folders; the name of the file and its line stay together while they fit. */
function Place({ file, line }: { file: string; line: number | null }) {
  const at = file.lastIndexOf("/") + 1;
  return (
    <code>
      {file.slice(0, at)}
      <span className={css.fileName}>
        {file.slice(at)}
        {line ? `:${line}` : ""}
      </span>
    </code>
  );
}

export function Key({ children }: { children: ReactNode }) {
  return <kbd className={css.key}>{children}</kbd>;
}

/** Name and value pairs. */
export function Facts({ items }: { items: [ReactNode, ReactNode][] }) {
  return (
    <dl className={css.facts}>
      {items.map(([name, value], index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a fixed list of pairs
        <div key={index}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
