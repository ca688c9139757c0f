// One parked event in full, with what happened and why it was not handled.
import type { ReactNode } from "react";
import { Facts, Panel, Tag, Waiting, When, Words } from "@/shared/ui/basics";
import type { ParkedEvent } from "../api";
import { Json } from "../Json";
import css from "../OperatePage.module.css";
import { t } from "../strings";
import { ParkedActions } from "./ParkedActions";

export function ParkedDetail({ event, loaded }: { event: ParkedEvent | undefined; loaded: boolean }) {
  if (!event) return <Panel>{loaded ? <p>{t.events.gone}</p> : <Waiting rows={6} />}</Panel>;
  const next: [ReactNode, ReactNode][] = event.next_attempt_at
    ? [[t.events.nextName, <When key="next" at={event.next_attempt_at} />]]
    : [];
  return (
    <div className={css.stack}>
      <Panel title={<code>{event.topic}</code>} actions={<ParkedActions event={event} />}>
        <Facts
          items={[
            [
              t.common.state,
              <Tag key="state" tone={event.state === "dead" ? "bad" : "warn"}>
                {t.events.state[event.state]}
              </Tag>,
            ],
            [t.events.handler, <code key="handler">{event.handler}</code>],
            [
              t.events.key,
              <span key="key">
                <code>{event.key}</code> <span className="muted">({t.events.keyHint})</span>
              </span>,
            ],
            [t.events.position, event.position],
            [t.events.attemptsName, event.attempts],
            ...next,
            [t.events.happened, <When key="happened" at={event.created_at} />],
            [t.events.asideSince, <When key="aside" at={event.parked_at} />],
          ]}
        />
      </Panel>
      <Panel title={t.events.why} flush>
        <p className={event.last_error ? css.error : css.none}>
          <Words text={event.last_error ?? t.events.behindOthers} />
        </p>
      </Panel>
      <Json title={t.events.payload} note={t.jobs.payloadNote} value={event.payload} />
    </div>
  );
}
