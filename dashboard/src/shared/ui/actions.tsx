// Actions with consequences: edits that show at once and can be undone, and dangerous ones that ask once, by name.

import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { t } from "@/shared/strings";
import css from "./actions.module.css";
import { ErrorNote } from "./basics";
import { Dialog } from "./Dialog";
import { say, sayError } from "./toaster";

interface ActionOptions<A, R> {
  /** Completes “Could not …”. */
  what: string;
  run: (input: A) => Promise<R>;
  done?: (result: R, input: A) => string;
  undo?: (result: R, input: A) => Promise<unknown>;
  /** First parts of the query keys that must be fetched again. */
  touches: string[];
  onDone?: (result: R, input: A) => void;
  /** A form shows the error itself, beside its fields. */
  inForm?: boolean;
}

export function useAction<A, R>({ what, run, done, undo, touches, onDone, inForm }: ActionOptions<A, R>) {
  const client = useQueryClient();
  const refresh = () => {
    for (const name of touches) void client.invalidateQueries({ queryKey: [name] });
  };
  return useMutation({
    mutationFn: run,
    onSuccess: (result, input) => {
      refresh();
      onDone?.(result, input);
      if (!done) return;
      say(
        done(result, input),
        undo && (() => void undo(result, input).then(refresh, (error) => sayError(t.common.undo.toLowerCase(), error))),
      );
    },
    onError: (error) => {
      if (!inForm) sayError(what, error);
    },
  });
}

interface ConfirmProps {
  opened: boolean;
  title: string;
  children: ReactNode;
  confirm: string;
  busy?: boolean;
  onConfirm: () => void;
  onClose: () => void;
}

export function Confirm({ opened, title, children, confirm, busy, onConfirm, onClose }: ConfirmProps) {
  return (
    <Dialog opened={opened} onClose={onClose} title={title}>
      <div className={css.form}>
        <p>{children}</p>
        <div className={css.foot}>
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button variant="filled" color="red.8" loading={busy ?? false} onClick={onConfirm}>
            {confirm}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

interface FormFootProps {
  confirm: string;
  busy: boolean;
  error: unknown;
  /** Completes “Could not …”. */
  what: string;
  onClose: () => void;
}

export function FormFoot({ confirm, busy, error, what, onClose }: FormFootProps) {
  return (
    <>
      {error ? <ErrorNote error={error} what={what} /> : null}
      <div className={css.foot}>
        <Button onClick={onClose}>{t.common.cancel}</Button>
        <Button variant="filled" type="submit" loading={busy}>
          {confirm}
        </Button>
      </div>
    </>
  );
}

export const formClass = css.form ?? "";
