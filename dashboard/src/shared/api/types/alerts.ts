// Alerts and silences.

export interface Alert {
  id: string;
  kind: "service-down" | "burn-rate" | "budget-spent";
  severity: "page" | "ticket";
  state: "open" | "resolved";
  service: string;
  slo_id: string | null;
  title: string;
  summary: string;
  opened_at: string;
  resolved_at: string | null;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
  silenced: boolean;
  folded_under: { alert_id: string; service: string; path: string[] } | null;
  /** Whether at least one webhook has accepted its opening. */
  delivered: boolean;
  /** Whom its opening was handed to; null while nobody is to be told, because it waits, is folded or is silenced. */
  told: { webhooks: number; accepted: number; summary: string } | null;
  values: Record<string, unknown>;
  timeline?: { at: string; what: AlertStep; detail: string | null }[];
}

export type AlertStep =
  | "opened"
  | "held"
  | "told"
  | "nobody-told"
  | "delivered"
  | "given-up"
  | "folded"
  | "root-resolved"
  | "unfolded"
  | "silenced"
  | "escalated"
  | "acknowledged"
  | "unacknowledged"
  | "resolved";

export interface Silence {
  id: string;
  service: string | null;
  slo_id: string | null;
  kind: Alert["kind"] | null;
  reason: string;
  created_by: string;
  starts_at: string;
  ends_at: string;
  /** The file that declares it. */
  source?: string | null;
}
