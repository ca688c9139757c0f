// Files come in by dropping or choosing. They are read as text in the browser and sent for a look that changes nothing.
import { Button } from "@mantine/core";
import { useRef, useState } from "react";
import type { ImportRequest } from "@/shared/api/types";
import { Icon } from "@/shared/ui/icons";
import { sayError } from "@/shared/ui/toaster";
import { t } from "@/strings";
import css from "./ImportsPage.module.css";

export function DropZone({ busy, onFiles }: { busy: boolean; onFiles: (files: ImportRequest["files"]) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const take = async (list: FileList | null) => {
    const chosen = [...(list ?? [])];
    if (chosen.length === 0) return;
    try {
      onFiles(
        await Promise.all(
          chosen.map(async (file) => ({ path: file.webkitRelativePath || file.name, content: await file.text() })),
        ),
      );
    } catch (error) {
      sayError("read these files", error);
    }
  };
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
        void take(event.dataTransfer.files);
      }}
    >
      <Icon name="upload" size={22} />
      <span className={css.dropText}>
        <strong>{t.imports.drop}</strong>
        <span className="muted">{t.imports.dropNote}</span>
      </span>
      <Button loading={busy} onClick={() => input.current?.click()}>
        {t.imports.choose}
      </Button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label={t.imports.choose}
        onChange={(event) => {
          void take(event.target.files).finally(() => {
            if (input.current) input.current.value = "";
          });
        }}
      />
    </section>
  );
}
