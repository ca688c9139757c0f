// Environment, time range, search, and how Mainstay itself and the live connection are doing.
import { ActionIcon, useMantineColorScheme } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useLiveState } from "@/shared/api/live";
import { q } from "@/shared/api/queries";
import { duration } from "@/shared/lib/format";
import { useNarrow } from "@/shared/lib/hooks";
import { RANGES, type Range, rangeOf, spanName, useEnvironment, useRange } from "@/shared/lib/range";
import { Key } from "@/shared/ui/basics";
import { Icon } from "@/shared/ui/icons";
import { t } from "./strings";
import css from "./TopBar.module.css";

export function TopBar({ onSearch, onHelp }: { onSearch: () => void; onHelp: () => void }) {
  return (
    <header className={css.bar}>
      <Link to="/" className={css.brand} aria-label={t.product}>
        <svg width="22" height="22" viewBox="0 0 20 20" aria-hidden="true">
          <path d="M10 2v16" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" />
          <path
            d="M10 3.500 3.500 16.500h13Z"
            fill="none"
            stroke="var(--accent)"
            strokeWidth="1.5"
            strokeLinejoin="round"
          />
        </svg>
        <span>{t.product}</span>
      </Link>
      <Environment />
      <button type="button" className={css.search} onClick={onSearch} aria-label={t.shell.search}>
        <Icon name="search" size={16} />
        <span>{t.shell.searchShort}</span>
        <span className={css.keys} aria-hidden="true">
          <Key>Ctrl</Key> <Key>K</Key>
        </span>
      </button>
      <div className={css.end}>
        <TimeRange />
        <Health />
        <ActionIcon
          className={css.help}
          variant="subtle"
          color="gray"
          size={32}
          aria-label={t.shell.keyboard}
          onClick={onHelp}
        >
          <Icon name="keyboard" />
        </ActionIcon>
        <Scheme />
      </div>
    </header>
  );
}

function Environment() {
  const meta = useQuery(q.meta());
  const chosen = useEnvironment();
  const navigate = useNavigate();
  const known = meta.data?.environments ?? [];
  const current = chosen ?? meta.data?.environment ?? "";
  return (
    <span className={css.environment}>
      {known.length > 1 ? (
        <select
          aria-label={t.shell.environment}
          value={current}
          onChange={(event) =>
            void navigate({ to: ".", search: (old: object) => ({ ...old, environment: event.target.value }) })
          }
        >
          {known.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      ) : (
        <span>{current}</span>
      )}
      {meta.data?.demo && <span className={css.demo}>{t.shell.demo}</span>}
    </span>
  );
}

function TimeRange() {
  const { seconds, automatic } = useRange();
  // A span that no range has stands in the list for as long as it is what is shown.
  const range = rangeOf(seconds);
  const narrow = useNarrow();
  const navigate = useNavigate();
  return (
    <select
      className={css.range}
      aria-label={t.range.label}
      value={range ?? ""}
      onChange={(event) =>
        void navigate({
          to: ".",
          search: (old: object) => ({ ...old, range: (event.target.value || undefined) as Range | undefined }),
        })
      }
    >
      {automatic && !range && <option value="">{narrow ? duration(seconds) : spanName(seconds)}</option>}
      {RANGES.map((each) => (
        <option key={each} value={each}>
          {narrow ? t.range.short[each] : t.range.names[each]}
        </option>
      ))}
    </select>
  );
}

/** One mark for two questions: does Mainstay itself work, and is what I see live? */
function Health() {
  const live = useLiveState();
  const meta = useQuery(q.meta());
  const tasks = useQuery({ ...q.tasks(), refetchInterval: 30_000 });
  const failed = tasks.data?.filter((task) => task.state === "failed") ?? [];
  const unwell = meta.isError && !meta.data;
  const tone = live.status !== "live" ? live.status : failed.length > 0 || unwell ? "unwell" : "live";
  const text =
    failed.length > 0 && live.status === "live"
      ? t.shell.ownTrouble(failed.map((task) => task.name).join(", "))
      : {
          live: t.shell.live,
          connecting: t.shell.connecting,
          reconnecting: t.shell.reconnecting,
          offline: t.shell.offline,
        }[live.status];
  return (
    <Link to="/mainstay" className={css.health} data-tone={tone} aria-label={`${t.pages.mainstay}: ${text}`}>
      <span className={css.dot} aria-hidden="true" />
      <span role="status">{text}</span>
    </Link>
  );
}

const order = ["auto", "light", "dark"] as const;
const icons = { auto: "auto", light: "sun", dark: "moon" } as const;

function Scheme() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <ActionIcon
      className={css.scheme}
      variant="subtle"
      color="gray"
      size={32}
      aria-label={t.shell.schemeLabel(t.shell.scheme[colorScheme])}
      onClick={() => setColorScheme(order[(order.indexOf(colorScheme) + 1) % order.length] ?? "auto")}
    >
      <Icon name={icons[colorScheme]} />
    </ActionIcon>
  );
}
