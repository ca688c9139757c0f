// Services, what they depend on, and which file said so.
import type { Source } from "./shared";

export type Tier = "critical" | "high" | "standard" | "low";

export interface Service {
  name: string;
  description: string | null;
  owner: string | null;
  tier: Tier;
  environment: string;
  links: { title: string; url: string }[];
  endpoints: { kind: "health" | "readiness" | "liveness" | "metrics" | "base"; url: string }[];
  dependencies: { service: string; kind: "hard" | "soft" }[];
  managed_by: "file" | "api" | "import";
  source: Source | null;
  created_at: string;
  updated_at: string;
  version: number;
}

export interface Fact {
  service: string;
  field: string;
  value: unknown;
  source: Source;
  wins: boolean;
  superseded: boolean;
}

export interface Edge {
  from: string;
  to: string;
  kind: "hard" | "soft";
  source: Source | null;
}

export interface Dependencies {
  edges: Edge[];
  cycles: string[][];
}
