// The handlers of events, each with how far it has come.
import { Button } from "@mantine/core";
import { count, duration } from "@/shared/lib/format";
import { useAction } from "@/shared/ui/actions";
import { Tag } from "@/shared/ui/basics";
import { type Handler, operate, touched } from "../api";
import css from "../OperatePage.module.css";
import { Scroll } from "../Scroll";
import { t } from "../strings";

/** A handler that is longer behind than this needs a look. */
const LATE_S = 60;

export function HandlerTable({ handlers }: { handlers: Handler[] }) {
  const replay = useAction({
    what: "replay what was put aside",
    run: (handler: string) => operate.replayAll(handler),
    done: (answer, handler) => t.events.didReplayAll(answer.replayed, handler),
    touches: touched.events,
  });
  if (handlers.length === 0) return <p className={css.none}>{t.events.noHandlers}</p>;
  return (
    <Scroll label={t.events.handlers}>
      <table className={css.table}>
        <thead>
          <tr>
            <th scope="col">{t.events.columns.handler}</th>
            {(["lag", "behind", "handled", "waiting", "dead"] as const).map((name) => (
              <th key={name} scope="col" data-align="right">
                {t.events.columns[name]}
              </th>
            ))}
            <th>
              <span className="sr-only">{t.events.replayAll}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {handlers.map((each) => (
            <tr key={each.handler}>
              <td>
                <code>{each.handler}</code>{" "}
                {!each.known && (
                  <span title={t.events.anotherHint}>
                    <Tag>{t.events.another}</Tag>
                  </span>
                )}
              </td>
              <td
                data-align="right"
                data-tone={each.known && each.lag_s > LATE_S ? "warn" : undefined}
                className="nowrap"
              >
                {each.lag_s === 0 ? <span className="muted">{t.events.upToDate}</span> : duration(each.lag_s)}
              </td>
              <Amount value={each.behind} />
              <Amount value={each.handled} />
              <Amount value={each.waiting} tone="warn" />
              <Amount value={each.dead} tone="bad" />
              <td data-align="right">
                {each.waiting + each.dead > 0 && (
                  <Button
                    size="xs"
                    aria-label={t.events.replayAllName(each.handler)}
                    loading={replay.isPending && replay.variables === each.handler}
                    onClick={() => replay.mutate(each.handler)}
                  >
                    {t.events.replayAll}
                  </Button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Amount({ value, tone }: { value: number; tone?: "warn" | "bad" }) {
  return (
    <td data-align="right" data-tone={value > 0 ? tone : undefined}>
      {value === 0 ? <span className={css.zero}>0</span> : count(value)}
    </td>
  );
}
