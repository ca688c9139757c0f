// Search and commands: every service, page and action from the keyboard.
import { Modal, useMantineColorScheme } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useId, useMemo, useState } from "react";
import { q } from "@/shared/api/queries";
import { useEnvironment } from "@/shared/lib/range";
import { Key } from "@/shared/ui/basics";
import { Icon, type IconName } from "@/shared/ui/icons";
import { StateMark } from "@/shared/ui/StateMark";
import { say } from "@/shared/ui/toaster";
import css from "./Commands.module.css";
import { navigation } from "./navigation";
import { rankMatches } from "./search";
import { t } from "./strings";

interface Command {
  id: string;
  group: string;
  label: string;
  note?: string;
  icon?: IconName;
  mark?: React.ComponentProps<typeof StateMark>["state"];
  keys?: string[];
  run: () => void;
}

const MOST = 40;

export function Commands(props: { opened: boolean; onClose: () => void; onHelp: () => void }) {
  return (
    <Modal.Root opened={props.opened} onClose={props.onClose} size={560} padding={0} centered={false} yOffset="10vh">
      <Modal.Overlay />
      <Modal.Content aria-label={t.shell.search}>
        <Modal.Body>
          <Palette {...props} />
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}

function Palette({ onClose, onHelp }: { onClose: () => void; onHelp: () => void }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const list = useId();
  const commands = useCommands(onHelp);
  const found = useMemo(() => rankMatches(commands, text, (each) => each.label, MOST), [commands, text]);
  const active = found[Math.min(at, found.length - 1)];
  const run = (command: Command | undefined) => {
    if (!command) return;
    onClose();
    command.run();
  };
  return (
    <div>
      <div className={css.field}>
        <Icon name="search" />
        <input
          // biome-ignore lint/a11y/noAutofocus: the palette was opened to type into it
          autoFocus
          data-autofocus
          value={text}
          placeholder={t.shell.search}
          aria-label={t.shell.search}
          role="combobox"
          aria-expanded="true"
          aria-controls={list}
          aria-activedescendant={active ? `${list}-${active.id}` : undefined}
          onChange={(event) => {
            setText(event.target.value);
            setAt(0);
          }}
          onKeyDown={(event) => {
            const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
            if (step) {
              event.preventDefault();
              const next = Math.min(found.length - 1, Math.max(0, at + step));
              setAt(next);
              document.getElementById(`${list}-${found[next]?.id}`)?.scrollIntoView({ block: "nearest" });
            } else if (event.key === "Enter") run(active);
          }}
        />
      </div>
      <div className={css.list} role="listbox" id={list} aria-label={t.shell.search} tabIndex={-1}>
        {found.length === 0 && <p className={css.none}>{t.shell.noMatch}</p>}
        {found.map((command, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the input above holds the focus and handles the keys
          <div
            key={command.id}
            id={`${list}-${command.id}`}
            role="option"
            tabIndex={-1}
            aria-selected={command === active}
            className={css.option}
            data-active={command === active || undefined}
            onMouseMove={() => setAt(index)}
            onClick={() => run(command)}
          >
            {command.mark ? <StateMark state={command.mark} /> : command.icon && <Icon name={command.icon} size={16} />}
            <span>{command.label}</span>
            <span className={css.note}>{command.note ?? command.group}</span>
            {command.keys && (
              <span className={css.keys}>
                {command.keys.map((key) => (
                  <Key key={key}>{key}</Key>
                ))}
              </span>
            )}
          </div>
        ))}
      </div>
    </div>
  );
}

function useCommands(onHelp: () => void): Command[] {
  const environment = useEnvironment();
  const navigate = useNavigate();
  const services = useQuery(q.services(environment));
  const states = useQuery(q.states(environment));
  const { setColorScheme } = useMantineColorScheme();
  return useMemo(() => {
    const stateOf = new Map(states.data?.map((each) => [each.service, each.state]));
    const goTo: Command[] = navigation.flatMap((group) =>
      group.items.map((item) => ({
        id: `go-${item.key}`,
        group: t.shell.go,
        label: item.label,
        note: group.step,
        icon: item.icon,
        keys: ["g", item.key],
        run: () => void navigate({ to: item.to }),
      })),
    );
    const actions: Command[] = [
      {
        id: "new-maintenance",
        group: t.shell.run,
        label: t.shell.newMaintenance,
        icon: "maintenance",
        run: () => void navigate({ to: "/maintenance" }),
      },
      {
        id: "new-webhook",
        group: t.shell.run,
        label: t.shell.newWebhook,
        icon: "deliveries",
        run: () => void navigate({ to: "/deliveries", search: { create: true } }),
      },
      {
        id: "copy-link",
        group: t.shell.run,
        label: t.common.copyLink,
        icon: "link",
        run: () => void navigator.clipboard?.writeText(location.href).then(() => say(t.common.linkCopied)),
      },
      ...(["light", "dark", "auto"] as const).map((scheme) => ({
        id: `scheme-${scheme}`,
        group: t.shell.run,
        label: `Colours: ${t.shell.scheme[scheme].toLowerCase()}`,
        icon: ({ light: "sun", dark: "moon", auto: "auto" } as const)[scheme],
        run: () => setColorScheme(scheme),
      })),
      { id: "help", group: t.shell.run, label: t.shell.keyboard, icon: "keyboard", keys: ["?"], run: onHelp },
    ];
    const open: Command[] = (services.data ?? []).map((service) => ({
      id: `service-${service.name}`,
      group: t.shell.open,
      label: service.name,
      note: service.owner ?? t.common.service,
      mark: stateOf.get(service.name) ?? "unknown",
      run: () => void navigate({ to: "/services/$name", params: { name: service.name } }),
    }));
    return [...goTo, ...actions, ...open];
  }, [services.data, states.data, navigate, onHelp, setColorScheme]);
}
