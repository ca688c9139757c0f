// The processes that share the work, as a picture: each with its roles and a square for every lease it holds.
import { useQuery } from "@tanstack/react-query";
import { relative } from "@/shared/lib/format";
import { useNow } from "@/shared/lib/hooks";
import { Command, Empty, ErrorNote, Panel, Tag, Waiting, When } from "@/shared/ui/basics";
import { type Lease, q, type Replica } from "../api";
import page from "../OperatePage.module.css";
import { Scroll } from "../Scroll";
import { t } from "../strings";
import { type Group, pictureOf } from "./picture";
import css from "./replicas.module.css";

export function ReplicasView() {
  const replicas = useQuery(q.replicas());
  const leases = useQuery(q.leases());
  const failed = [replicas, leases].find((each) => each.error && !each.data);
  if (failed) return <ErrorNote error={failed.error} what="list the replicas" retry={() => void failed.refetch()} />;
  if (!replicas.data || !leases.data) {
    return (
      <Panel title={t.replicas.title} flush>
        <Waiting rows={4} />
      </Panel>
    );
  }
  const picture = pictureOf(replicas.data, leases.data);
  return (
    <div className={page.stack}>
      <Panel title={t.replicas.title} note={t.replicas.note}>
        {picture.replicas.length === 0 && <p>{t.replicas.none}</p>}
        <ul className={css.picture}>
          {picture.replicas.map(({ replica, groups }) => (
            <ReplicaCard key={replica.id} replica={replica} groups={groups} />
          ))}
          {picture.free.length > 0 && (
            <li className={css.replica} data-free>
              <strong>{t.replicas.free}</strong>
              {picture.missing.length === 0 ? (
                <p className="muted">{t.replicas.freeNote}</p>
              ) : (
                <>
                  <p>{t.replicas.missing(picture.missing.join(", "), picture.missing.length > 1)}</p>
                  <Command text={`mainstay up --roles ${picture.missing.join(",")}`} />
                </>
              )}
              <Groups groups={picture.free} />
            </li>
          )}
        </ul>
      </Panel>
      <Panel title={t.replicas.leases} note={t.replicas.leasesNote} flush>
        {leases.data.length === 0 ? (
          <Empty title={t.replicas.noLeases} />
        ) : (
          <details className={page.all}>
            <summary>{t.common.showAll(leases.data.length)}</summary>
            <LeaseTable leases={leases.data} />
          </details>
        )}
      </Panel>
    </div>
  );
}

function ReplicaCard({ replica, groups }: { replica: Replica; groups: Group[] }) {
  const now = useNow(1000);
  return (
    <li className={css.replica} data-answers={replica.answers || undefined}>
      <div className={css.head}>
        <strong className={css.name}>{replica.name}</strong>
        {replica.answers && <Tag tone="info">{t.replicas.answers}</Tag>}
        <span className="muted">{replica.version}</span>
      </div>
      <ul className={css.roles}>
        {replica.roles.map((role) => (
          <li key={role} data-role={role} title={t.replicas.roleMeans[role]}>
            {t.replicas.role[role] ?? role}
          </li>
        ))}
      </ul>
      <p className={css.life}>
        {t.replicas.since(relative(replica.started_at, now))};{" "}
        {replica.seen_at ? t.replicas.beat(relative(replica.seen_at, now)) : t.replicas.alone};{" "}
        {t.replicas.holds(replica.leases)}
      </p>
      <Groups groups={groups} />
    </li>
  );
}

/** A square for each lease, coloured as its role; the table below has the same in words. */
function Groups({ groups }: { groups: Group[] }) {
  return (
    <div className={css.groups}>
      {groups.map((group) => (
        <div key={group.name} className={css.group}>
          <span className={css.groupName}>{t.replicas.group(group.name, group.leases.length)}</span>
          <span className={css.cells} aria-hidden="true">
            {group.leases.map((lease) => (
              <span key={lease.name} className={css.cell} data-role={lease.role} title={lease.name} />
            ))}
          </span>
        </div>
      ))}
    </div>
  );
}

function LeaseTable({ leases }: { leases: Lease[] }) {
  return (
    <Scroll label={t.replicas.leases}>
      <table className={page.table}>
        <thead>
          <tr>
            {(["lease", "role", "holder", "since"] as const).map((name) => (
              <th key={name} scope="col">
                {t.replicas.columns[name]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {leases.map((lease) => (
            <tr key={lease.name}>
              <td>
                <code>{lease.name}</code>
              </td>
              <td>{t.replicas.role[lease.role] ?? lease.role}</td>
              <td data-tone={lease.holder ? undefined : "warn"}>
                {lease.holder ? (lease.holder.name ?? t.replicas.gone) : t.replicas.nobody}
              </td>
              <td>
                <When at={lease.changed_at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
