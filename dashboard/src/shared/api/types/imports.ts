// Reading files into the catalog, and what was found in them.

export type Severity = "error" | "warning" | "info";

export interface Finding {
  id: string;
  code: string;
  severity: Severity;
  file: string;
  line: number | null;
  message: string;
  values: Record<string, unknown>;
  excerpt: { line: number; text: string }[];
  also: { file: string; line: number; text: string }[];
  /** Somebody decided to live with it; it does not count in the summary. */
  accepted?: boolean;
}

export interface ImportFile {
  path: string;
  kind: string;
  status: "read" | "recognised" | "unknown" | "superseded" | "failed";
  note: string | null;
  services: number;
}

export interface ImportChange {
  change: "added" | "changed" | "removed" | "kept";
  service: string;
  field: string | null;
  before: unknown;
  after: unknown;
}

export interface Import {
  id: string;
  at: string;
  dry_run: boolean;
  files: ImportFile[];
  findings: Finding[];
  proposals: { name: string; matches: string; because: string; file: string; line: number | null }[];
  changes: ImportChange[];
  summary: { files: number; services: number; errors: number; warnings: number; infos: number };
}

/** Something that was given and not read; it is listed in the report all the same. */
export interface LeftOut {
  path: string;
  kind: "unreadable" | "too-large" | "binary" | "link" | "folder" | "special";
  note: string;
  line?: number | null;
}

export interface ImportRequest {
  files: { path: string; content: string }[];
  left_out: LeftOut[];
  dry_run: boolean;
  aliases: Record<string, string>;
  accept: string[];
}
