// One event that a handler could not handle: which, why not, and what can be done about it.
import { relative } from "@/shared/lib/format";
import { useNow } from "@/shared/lib/hooks";
import { Tag, Words } from "@/shared/ui/basics";
import type { ParkedEvent } from "../api";
import css from "../OperatePage.module.css";
import { t } from "../strings";
import { ParkedActions } from "./ParkedActions";

/** A parked event has no id of its own: it is one handler's view of one event. */
export function idOf(event: Pick<ParkedEvent, "handler" | "position">): string {
  return `${event.handler}/${event.position}`;
}

/** Why it was not handled, and when it is tried again. */
export function aboutParked(event: ParkedEvent, now: number): string {
  if (event.state === "waiting" && event.attempts === 0 && !event.last_error) return t.events.behindOthers;
  const next = event.next_attempt_at ? t.events.next(relative(event.next_attempt_at, now)) : null;
  const tried = [event.attempts > 0 ? t.events.attempts(event.attempts) : null, next].filter(Boolean).join(", ");
  return [event.last_error, tried].filter(Boolean).join("; ");
}

interface Props {
  event: ParkedEvent;
  current: boolean;
  selected: boolean;
  onOpen: () => void;
}

export function ParkedRow({ event, current, selected, onOpen }: Props) {
  const now = useNow(1000);
  return (
    <div
      id={`parked-${idOf(event)}`}
      className={css.row}
      data-current={current || undefined}
      data-selected={selected || undefined}
    >
      <button type="button" className={css.open} onClick={onOpen}>
        <span className={css.name}>
          {event.topic} <span className="muted">{event.key}</span>
        </span>
        <span className={css.about} data-tone={event.state === "dead" ? "bad" : undefined}>
          <Words text={aboutParked(event, now)} />
        </span>
      </button>
      <code className="muted">{event.handler}</code>
      <Tag tone={event.state === "dead" ? "bad" : "warn"}>{t.events.state[event.state]}</Tag>
      <time className={css.when} dateTime={event.created_at}>
        {relative(event.created_at, now)}
      </time>
      <span className={css.buttons}>
        <ParkedActions event={event} />
      </span>
    </div>
  );
}
