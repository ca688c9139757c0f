// Who was told of an alert, in a few words.
import type { Alert } from "@/shared/api/types";
import { t } from "../strings";

export interface ToldWords {
  text: string;
  tone: "quiet" | "good" | "warn";
}

/** For a tag; nothing where another tag already says why nobody is told. */
export function toldWords(alert: Alert): ToldWords | null {
  if (alert.folded_under || (alert.silenced && !alert.told)) return null;
  const { told } = alert;
  if (!told) return { text: t.alerts.told.waiting, tone: "quiet" };
  if (told.webhooks === 0) return { text: t.alerts.told.nobody, tone: "warn" };
  if (told.accepted === 0) return { text: t.alerts.told.notAccepted(told.webhooks), tone: "warn" };
  return {
    text: t.alerts.told.accepted(told.accepted, told.webhooks),
    tone: told.accepted < told.webhooks ? "warn" : "good",
  };
}

/** Why nobody is told of an alert that was handed to no webhook, as a sentence. */
export function whyNobody(alert: Alert): string {
  if (alert.folded_under) return t.alerts.told.folded(alert.folded_under.service);
  if (alert.silenced) return t.alerts.told.silenced;
  return t.alerts.told.held;
}
