// Mainstay itself.

export interface Meta {
  version: string;
  started_at: string;
  database: "sqlite" | "postgresql";
  environment: string;
  environments: string[];
  demo?: boolean;
  /** Nothing that is shown is older; null without services. */
  first_service_at: string | null;
  counts: { services: number; checks: number; slos: number; open_alerts: number };
}

export interface AdminTask {
  name: string;
  state: "running" | "idle" | "failed" | "finished" | "stopped";
  started_at: string;
  last_run_at: string | null;
  last_error: string | null;
  runs: number;
  detail: string | null;
}
