// The frame around every page: rail, top bar, notes about the connection, and the keys that work everywhere.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import { useLiveState, useLiveUpdates } from "@/shared/api/live";
import { q } from "@/shared/api/queries";
import { byRoot, waiting } from "@/shared/lib/alerts";
import { clock } from "@/shared/lib/format";
import { useKeys, useNow } from "@/shared/lib/hooks";
import { useEnvironment } from "@/shared/lib/range";
import { Icon } from "@/shared/ui/icons";
import { Commands } from "./Commands";
import { Help } from "./Help";
import { navigation, pages } from "./navigation";
import css from "./Shell.module.css";
import { t } from "./strings";
import { TopBar } from "./TopBar";

export function Shell() {
  const environment = useEnvironment();
  const client = useQueryClient();
  useLiveUpdates(client, environment);
  const shownEnvironment = useRef(environment);
  useEffect(() => {
    if (shownEnvironment.current === environment) return;
    shownEnvironment.current = environment;
    void client.resetQueries();
  }, [client, environment]);
  const [commands, setCommands] = useState(false);
  const [help, setHelp] = useState(false);
  useGlobalKeys({ openCommands: () => setCommands(true), openHelp: () => setHelp(true) });
  const alerts = useQuery(q.alerts(environment, "open"));
  const waitingAlerts = useMemo(() => waiting(byRoot(alerts.data ?? []).roots).length, [alerts.data]);

  return (
    <div className={css.frame}>
      <a className={css.skip} href="#content">
        {t.common.skip}
      </a>
      <TopBar onSearch={() => setCommands(true)} onHelp={() => setHelp(true)} />
      <nav className={css.rail} aria-label={t.shell.mainNavigation}>
        {navigation.map((group) => (
          <div key={group.step} className={css.step}>
            <span className={css.stepName}>{group.step}</span>
            {group.items.map((item) => (
              <Link
                key={item.to}
                to={item.to}
                className={css.item}
                activeOptions={{ exact: item.to === "/", includeSearch: false }}
              >
                <Icon name={item.icon} />
                <span>{item.label}</span>
                {item.to === "/alerts" && <WaitingAlerts amount={waitingAlerts} />}
              </Link>
            ))}
          </div>
        ))}
      </nav>
      <main className={css.main} id="content" tabIndex={-1}>
        <ConnectionNote />
        <Outlet />
      </main>
      <BottomBar waitingAlerts={waitingAlerts} onMore={() => setCommands(true)} />
      <Commands opened={commands} onClose={() => setCommands(false)} onHelp={() => setHelp(true)} />
      <Help opened={help} onClose={() => setHelp(false)} />
    </div>
  );
}

/** How many alerts wait for a person, beside the way to them. Folded ones are nobody's to take on and do not count. */
function WaitingAlerts({ amount }: { amount: number }) {
  if (amount === 0) return null;
  return (
    <span className={css.count} title={t.shell.waitingAlerts(amount)}>
      <span aria-hidden="true">{amount}</span>
      <span className="sr-only">, {t.shell.waitingAlerts(amount)}</span>
    </span>
  );
}

/** Says that what is shown may be old, after the connection has been away long enough to matter. */
function ConnectionNote() {
  const live = useLiveState();
  const now = useNow(1000);
  const away = now - live.since > 4000;
  if (live.status === "offline") return <p className={css.note}>{t.shell.offlineNote(clock(live.since))}</p>;
  if (live.status === "reconnecting" && away) return <p className={css.note}>{t.shell.stale(clock(live.since))}</p>;
  return null;
}

const tabs = ["/", "/checks", "/slos", "/alerts"];

/** The rail of a phone: the four pages of a bad night within reach of a thumb, the rest behind More. */
function BottomBar({ waitingAlerts, onMore }: { waitingAlerts: number; onMore: () => void }) {
  return (
    <nav className={css.tabs} aria-label={t.shell.mainNavigation}>
      {pages
        .filter((item) => tabs.includes(item.to))
        .map((item) => (
          <Link
            key={item.to}
            to={item.to}
            className={css.tab}
            activeOptions={{ exact: item.to === "/", includeSearch: false }}
          >
            <Icon name={item.icon} size={20} />
            <span>{item.label}</span>
            {item.to === "/alerts" && <WaitingAlerts amount={waitingAlerts} />}
          </Link>
        ))}
      <button type="button" className={css.tab} onClick={onMore}>
        <Icon name="more" size={20} />
        <span>{t.pages.more}</span>
      </button>
    </nav>
  );
}

const SECOND_KEY_WITHIN_MS = 1200;

function useGlobalKeys({ openCommands, openHelp }: { openCommands: () => void; openHelp: () => void }) {
  const navigate = useNavigate();
  const gAt = useRef(0);
  const path = useRouterState({ select: (state) => state.location.pathname });
  useEffect(() => {
    document.title = `${pages.find((page) => page.to === path)?.label ?? decodeURIComponent(path.split("/").at(-1) ?? "")} · ${t.product}`;
  }, [path]);
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        openCommands();
      }
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, [openCommands]);
  const second = Object.fromEntries(
    pages.map((page) => [
      page.key,
      (event: KeyboardEvent) => {
        if (event.timeStamp - gAt.current > SECOND_KEY_WITHIN_MS) return;
        gAt.current = 0;
        event.preventDefault();
        void navigate({ to: page.to });
      },
    ]),
  );
  useKeys({
    ...second,
    g: (event) => {
      gAt.current = event.timeStamp;
    },
    "?": () => openHelp(),
    "/": (event) => {
      const filter = document.querySelector<HTMLInputElement>("[data-list-filter]");
      event.preventDefault();
      if (filter) filter.focus();
      else openCommands();
    },
  });
}
