// What a service needs and who needs it, with how each of them is now.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { q } from "@/shared/api/queries";
import type { Service, State } from "@/shared/api/types";
import { useEnvironment } from "@/shared/lib/range";
import { stateRank } from "@/shared/lib/state";
import { ErrorNote, Panel, Tag, Waiting } from "@/shared/ui/basics";
import { StateLabel } from "@/shared/ui/StateMark";
import { t } from "../strings";
import css from "./DependencyList.module.css";

interface Neighbour {
  name: string;
  kind: "hard" | "soft";
  state: State;
}

export function DependencyList({ service }: { service: Service }) {
  const environment = useEnvironment();
  const dependencies = useQuery(q.dependencies(environment));
  const states = useQuery(q.states(environment));
  const { needs, usedBy } = useMemo(() => {
    const stateOf = new Map(states.data?.map((each) => [each.service, each.state]));
    const neighbour = (name: string, kind: "hard" | "soft"): Neighbour => ({
      name,
      kind,
      state: stateOf.get(name) ?? "unknown",
    });
    const order = (a: Neighbour, b: Neighbour) =>
      Number(a.kind === "soft") - Number(b.kind === "soft") ||
      stateRank[a.state] - stateRank[b.state] ||
      a.name.localeCompare(b.name);
    const edges = dependencies.data?.edges ?? [];
    return {
      needs: edges
        .filter((edge) => edge.from === service.name)
        .map((edge) => neighbour(edge.to, edge.kind))
        .sort(order),
      usedBy: edges
        .filter((edge) => edge.to === service.name)
        .map((edge) => neighbour(edge.from, edge.kind))
        .sort(order),
    };
  }, [dependencies.data, states.data, service.name]);
  return (
    <Panel title={t.service.dependencies}>
      {dependencies.error && !dependencies.data ? (
        <ErrorNote error={dependencies.error} what="load the dependencies" retry={() => void dependencies.refetch()} />
      ) : dependencies.isPending ? (
        <Waiting rows={3} />
      ) : (
        <div className={css.pair}>
          <Side title={t.service.dependsOn} none={t.service.dependsOnNone} list={needs} />
          <Side title={t.service.usedBy} none={t.service.usedByNone} list={usedBy} />
        </div>
      )}
    </Panel>
  );
}

const MOST = 12;

function Side({ title, none, list }: { title: string; none: string; list: Neighbour[] }) {
  return (
    <section className={css.side}>
      <h3>{title}</h3>
      {list.length === 0 && <p className="muted">{none}</p>}
      <ul>
        {list.slice(0, MOST).map((each) => (
          <li key={each.name}>
            <Link to="/services/$name" params={{ name: each.name }}>
              {each.name}
            </Link>
            {each.kind === "soft" && <Tag>{t.service.soft}</Tag>}
            <span className={css.state}>
              <StateLabel state={each.state} size={10} />
            </span>
          </li>
        ))}
      </ul>
      {list.length > MOST && <p className="muted">{`and ${list.length - MOST} more`}</p>}
    </section>
  );
}
