// Every value every source gave, the winner first, each with its file and line.
import { useQuery } from "@tanstack/react-query";
import { q } from "@/shared/api/queries";
import type { Fact } from "@/shared/api/types";
import { useEnvironment } from "@/shared/lib/range";
import { ErrorNote, Panel, SourceRef, Tag, Waiting } from "@/shared/ui/basics";
import { t } from "../strings";
import css from "./FactsTable.module.css";
import { factGroups, valueText } from "./facts";

export function FactsTable({ name }: { name: string }) {
  const environment = useEnvironment();
  const facts = useQuery(q.facts(environment, name));
  return (
    <Panel title={t.service.facts} note={t.service.factsNote} flush>
      {facts.error && !facts.data ? (
        <ErrorNote error={facts.error} what="load the facts" retry={() => void facts.refetch()} />
      ) : !facts.data ? (
        <Waiting rows={5} />
      ) : (
        <table className={css.table}>
          <thead className="sr-only">
            <tr>
              <th>{t.service.field}</th>
              <th>{t.service.value}</th>
              <th>{t.service.source}</th>
            </tr>
          </thead>
          <tbody>
            {factGroups(facts.data).map(([field, group]) =>
              group.map((fact, at) => (
                <tr
                  key={`${field} ${valueText(fact.value)} ${fact.source.kind} ${fact.source.version ?? ""}`}
                  data-first={at === 0 || undefined}
                >
                  <th scope="row">
                    {at === 0 ? field.replaceAll("_", " ") : <span className="sr-only">{field}</span>}
                  </th>
                  <td>
                    <Value fact={fact} winner={group[0]} />
                  </td>
                  <td>
                    <SourceRef source={fact.source} />
                  </td>
                </tr>
              )),
            )}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

function Value({ fact, winner }: { fact: Fact; winner: Fact | undefined }) {
  const text = <code>{valueText(fact.value)}</code>;
  if (fact.wins) return text;
  // Sources that agree overrule nothing.
  if (!fact.superseded && winner?.wins && valueText(winner.value) === valueText(fact.value)) {
    return (
      <span className={css.loser}>
        {text} <Tag>{t.service.agrees}</Tag>
      </span>
    );
  }
  return (
    <span className={css.loser}>
      <s>{text}</s> <Tag>{fact.superseded ? t.service.superseded : t.service.loses}</Tag>
    </span>
  );
}
