// One service: how it is, what proves it, what it depends on, what is promised, and where each fact comes from.
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { ServiceAlerts } from "@/features/slo/alerts/ServiceAlerts";
import { ServicePromises } from "@/features/slo/objectives/ServicePromises";
import { ServiceChecks } from "@/features/watch/checks/ServiceChecks";
import { MaintenanceForm } from "@/features/watch/maintenance/MaintenanceForm";
import { api } from "@/shared/api/endpoints";
import { q } from "@/shared/api/queries";
import type { Check, Service, ServiceState } from "@/shared/api/types";
import { useNow } from "@/shared/lib/hooks";
import { useEnvironment } from "@/shared/lib/range";
import { useAction } from "@/shared/ui/actions";
import { Copy, ErrorNote, PageHead, Panel, Tag, Waiting } from "@/shared/ui/basics";
import { Icon } from "@/shared/ui/icons";
import { StateLabel } from "@/shared/ui/StateMark";
import { t } from "../strings";
import { DependencyList } from "./DependencyList";
import { FactsTable } from "./FactsTable";
import css from "./ServicePage.module.css";
import { serviceSentence } from "./sentence";

const NO_CHECKS: Check[] = [];
const NO_STATES: ServiceState[] = [];

export function ServicePage() {
  const { name } = useParams({ from: "/services/$name" });
  const environment = useEnvironment();
  const service = useQuery(q.service(environment, name));
  const states = useQuery(q.states(environment));
  const slos = useQuery(q.slos(environment));
  const checks = useQuery(q.checks(environment));
  const now = useNow(1000);
  const state = states.data?.find((each) => each.service === name);
  const own = useMemo(
    () => ({
      slos: (slos.data ?? []).filter((slo) => slo.service === name),
      checks: checks.data?.filter((check) => check.service === name) ?? NO_CHECKS,
      victims: (states.data ?? NO_STATES).filter((each) => each.cause?.service === name).map((each) => each.service),
    }),
    [slos.data, checks.data, states.data, name],
  );
  if (service.error && !service.data) {
    return (
      <>
        <PageHead title={name} pieces={[t.common.couldNot(t.service.notFound(name))]} />
        <ErrorNote page error={service.error} what={t.service.notFound(name)} retry={() => void service.refetch()} />
      </>
    );
  }
  if (!service.data || states.isPending) {
    return (
      <>
        <PageHead title={name} />
        <Panel title={t.service.checks}>
          <Waiting rows={5} height={28} />
        </Panel>
      </>
    );
  }
  return (
    <>
      <PageHead
        title={
          <>
            <StateLabel state={state?.state ?? "unknown"} />
            <span className={css.name}>{name}</span>
            <Copy text={name} what={name} />
          </>
        }
        pieces={serviceSentence(service.data, state, own.victims, own.slos, now)}
        actions={<Actions service={service.data} checks={own.checks} />}
      >
        <Identity service={service.data} />
      </PageHead>
      <div className={css.grid}>
        <div className={css.column}>
          <ServiceChecks
            name={name}
            since={service.data.created_at}
            checks={own.checks}
            ready={!checks.isPending}
            error={checks.error}
          />
          <FactsTable name={name} />
        </div>
        <div className={css.column}>
          <ServicePromises slos={own.slos} ready={!slos.isPending} error={slos.error} />
          <DependencyList service={service.data} />
          <ServiceAlerts name={name} />
        </div>
      </div>
    </>
  );
}

function Identity({ service }: { service: Service }) {
  return (
    <div className={css.identity}>
      <Tag>{t.service.tier(service.tier)}</Tag>
      <Tag tone={service.owner ? "quiet" : "warn"}>
        {service.owner ? t.service.ownedBy(service.owner) : t.service.noOwner}
      </Tag>
      {service.description && <span className="muted">{service.description}</span>}
      {service.links.map((link) => (
        <a key={link.url} href={link.url} target="_blank" rel="noreferrer" className={css.link}>
          {link.title} <Icon name="external" size={13} />
        </a>
      ))}
    </div>
  );
}

function Actions({ service, checks }: { service: Service; checks: Check[] }) {
  const [planning, setPlanning] = useState(false);
  const paused = checks.length > 0 && checks.every((check) => check.paused);
  const touches = ["checks", "probes", "states", "history"];
  const run = useAction({
    what: `run the checks of ${service.name}`,
    run: () => Promise.all(checks.map((check) => api.runCheck(check.id))),
    done: (probes) => {
      const ok = probes.filter((probe) => probe.ok).length;
      return t.service.ran(ok, probes.length - ok);
    },
    touches,
  });
  const toggle = useAction({
    what: `${paused ? "resume" : "pause"} the checks of ${service.name}`,
    run: async (pause: boolean) => {
      await Promise.all(checks.map((check) => (pause ? api.pauseCheck(check.id) : api.resumeCheck(check.id))));
      return pause;
    },
    done: (pause) => (pause ? t.service.paused(service.name) : t.service.resumed(service.name)),
    undo: (pause) => Promise.all(checks.map((check) => (pause ? api.resumeCheck(check.id) : api.pauseCheck(check.id)))),
    touches,
  });
  return (
    <>
      {checks.length > 0 && (
        <>
          <Button
            variant="filled"
            leftSection={<Icon name="play" size={15} />}
            loading={run.isPending}
            onClick={() => run.mutate(undefined)}
          >
            {t.service.run}
          </Button>
          <Button
            leftSection={<Icon name={paused ? "play" : "pause"} size={15} />}
            loading={toggle.isPending}
            onClick={() => toggle.mutate(!paused)}
          >
            {paused ? t.service.resumeAll : t.service.pauseAll}
          </Button>
        </>
      )}
      <Button leftSection={<Icon name="maintenance" size={15} />} onClick={() => setPlanning(true)}>
        {t.service.maintenance}
      </Button>
      <MaintenanceForm opened={planning} services={[service.name]} onClose={() => setPlanning(false)} />
    </>
  );
}
