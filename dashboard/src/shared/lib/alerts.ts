// Which alerts somebody is told about, and which stand folded under the alert of their cause. The server's list of open
// alerts holds both.
import type { Alert } from "@/shared/api/types";

export interface OpenAlerts {
  /** One for each cause: these are delivered. */
  roots: Alert[];
  /** Kept quiet, because the alert of their cause is enough. */
  folded: Alert[];
}

export function byRoot(open: Alert[]): OpenAlerts {
  return {
    roots: open.filter((alert) => alert.folded_under === null || alert.folded_under === undefined),
    folded: open.filter((alert) => alert.folded_under),
  };
}

/** Those that wait for a person: nobody has taken them on, and no silence holds them back. */
export function waiting(roots: Alert[]): Alert[] {
  return roots.filter((alert) => !alert.acknowledged_at && !alert.silenced);
}
