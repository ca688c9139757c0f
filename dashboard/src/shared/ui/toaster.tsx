// Short messages at the edge of the screen: what was done, with Undo where it can be undone. Announced politely.
import { Button, CloseButton } from "@mantine/core";
import { useEffect, useSyncExternalStore } from "react";
import { ApiError } from "@/shared/api/client";
import { t } from "@/shared/strings";
import { Words } from "./basics";
import css from "./toaster.module.css";

interface Toast {
  id: number;
  text: string;
  tone: "plain" | "bad";
  undo?: (() => void) | undefined;
  requestId?: string | null;
}

let toasts: Toast[] = [];
let next = 1;
const listeners = new Set<() => void>();

function change(to: Toast[]) {
  toasts = to;
  for (const listener of listeners) listener();
}

export function say(text: string, undo?: () => void) {
  change([...toasts.slice(-2), { id: next++, text, tone: "plain", undo }]);
}

export function sayError(what: string, error: unknown) {
  const known = error instanceof ApiError ? error : null;
  const fields = known && known.fields.length > 1 ? known.fields.slice(0, 3) : [];
  const why = known
    ? [known.detail || known.message, ...fields.map((field) => `${field.field} ${field.message}.`)].join(" ")
    : error instanceof Error
      ? error.message
      : "";
  change([
    ...toasts.slice(-2),
    { id: next++, text: `${t.common.couldNot(what)} ${why}`.trim(), tone: "bad", requestId: known?.requestId ?? null },
  ]);
}

function dismiss(id: number) {
  change(toasts.filter((toast) => toast.id !== id));
}

export function Toaster() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <div className={css.toaster} aria-live="polite">
      {shown.map((toast) => (
        <ToastCard key={toast.id} toast={toast} />
      ))}
    </div>
  );
}

function ToastCard({ toast }: { toast: Toast }) {
  useEffect(() => {
    const timer = setTimeout(() => dismiss(toast.id), toast.tone === "bad" ? 15_000 : 8000);
    return () => clearTimeout(timer);
  }, [toast]);
  return (
    <div className={css.toast} data-tone={toast.tone}>
      <span>
        <Words text={toast.text} />
        {toast.requestId && (
          <span className={css.request}>
            {t.common.requestId} <code>{toast.requestId}</code>
          </span>
        )}
      </span>
      {toast.undo && (
        <Button
          size="compact-sm"
          variant="subtle"
          onClick={() => {
            toast.undo?.();
            dismiss(toast.id);
          }}
        >
          {t.common.undo}
        </Button>
      )}
      <CloseButton size="sm" aria-label={t.common.dismiss} onClick={() => dismiss(toast.id)} />
    </div>
  );
}
