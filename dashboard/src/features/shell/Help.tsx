// The keys, in a dialog that ? opens anywhere.

import { Key } from "@/shared/ui/basics";
import { Dialog } from "@/shared/ui/Dialog";
import css from "./Help.module.css";
import { pages } from "./navigation";
import { t } from "./strings";

export function Help({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const rows = t.help.rows;
  const groups: [string, [string[], string][]][] = [
    [
      t.help.groups.move,
      [
        [["j", "k"], rows.next],
        [["Enter"], rows.open],
        [["x"], rows.choose],
        [["Esc"], rows.back],
      ],
    ],
    [t.help.groups.go, pages.map((page) => [["g", page.key], page.label])],
    [
      t.help.groups.do,
      [
        [["/"], rows.filter],
        [["Ctrl", "K"], rows.search],
        [["?"], rows.help],
      ],
    ],
  ];
  return (
    <Dialog opened={opened} onClose={onClose} title={t.help.title}>
      <div className={css.groups}>
        {groups.map(([name, keys]) => (
          <section key={name}>
            <h3>{name}</h3>
            <ul>
              {keys.map(([combination, does]) => (
                <li key={does}>
                  <span>{does}</span>
                  <span className={css.keys}>
                    {combination.map((key) => (
                      <Key key={key}>{key}</Key>
                    ))}
                  </span>
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
