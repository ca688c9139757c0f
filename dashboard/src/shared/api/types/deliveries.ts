// Webhooks and what was delivered to them.

export interface Webhook {
  id: string;
  name: string;
  url: string;
  format: "mainstay" | "alertmanager";
  secret_set: boolean;
  enabled: boolean;
  managed_by: string;
  created_at: string;
  secret?: string | null;
}

export interface Attempt {
  at: string;
  ok: boolean;
  status: number | null;
  duration_ms: number;
  error: string | null;
  response_excerpt: string | null;
}

export interface Delivery {
  id: string;
  webhook_id: string;
  webhook_name: string;
  alert_id: string | null;
  event: "alert.opened" | "alert.escalated" | "alert.resolved" | "alert.acknowledged" | "test";
  status: "pending" | "delivered" | "failed" | "dead";
  attempts: number | Attempt[];
  next_attempt_at: string | null;
  created_at: string;
  delivered_at: string | null;
  last_error: string | null;
  body?: unknown;
}
