// Files come in by dropping or choosing. They are read as text in the browser and sent for a look that changes nothing.
import { Button } from "@mantine/core";
import { type InputHTMLAttributes, useRef, useState } from "react";
import { Icon } from "@/shared/ui/icons";
import { say, sayError } from "@/shared/ui/toaster";
import { t } from "../strings";
import css from "./ImportsPage.module.css";
import { type Chosen, readChosen, readDropped } from "./readFiles";

/** React does not know the attribute that lets a file input choose a folder. */
const FOLDER = { webkitdirectory: "" } as InputHTMLAttributes<HTMLInputElement>;

export function DropZone({ busy, onFiles }: { busy: boolean; onFiles: (chosen: Chosen) => void }) {
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const take = async (reading: Promise<Chosen>) => {
    try {
      const found = await reading;
      if (found.files.length > 0) onFiles(found);
      else say(t.imports.nothingToRead(found.left_out));
    } catch (error) {
      sayError("read these files", error);
    }
  };
  const chosen = (input: HTMLInputElement) =>
    void take(readChosen(input.files)).finally(() => {
      input.value = "";
    });
  return (
    <section
      className={css.drop}
      data-over={over || undefined}
      aria-label={t.imports.upload}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        void take(readDropped(event.dataTransfer.items));
      }}
    >
      <Icon name="upload" size={22} />
      <span className={css.dropText}>
        <strong>{t.imports.drop}</strong>
        <span className="muted">{t.imports.dropNote}</span>
      </span>
      <span className={css.dropButtons}>
        <Button loading={busy} onClick={() => files.current?.click()}>
          {t.imports.choose}
        </Button>
        <Button disabled={busy} onClick={() => folder.current?.click()}>
          {t.imports.chooseFolder}
        </Button>
      </span>
      <input
        ref={files}
        type="file"
        multiple
        hidden
        aria-label={t.imports.choose}
        onChange={(event) => chosen(event.currentTarget)}
      />
      <input
        ref={folder}
        type="file"
        hidden
        aria-label={t.imports.chooseFolder}
        onChange={(event) => chosen(event.currentTarget)}
        {...FOLDER}
      />
    </section>
  );
}
