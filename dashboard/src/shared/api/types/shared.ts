// What answers of every kind are made of.

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface Source {
  kind:
    | "person"
    | "mainstay"
    | "backstage"
    | "registry"
    | "service-yaml"
    | "compose"
    | "kubernetes"
    | "prometheus"
    | "slos"
    | "monitor-toml";
  file: string | null;
  line: number | null;
  version: string | null;
}

export interface Problem {
  type?: string;
  title: string;
  status: number;
  code: string;
  detail?: string | null;
  errors?: { field: string; message: string }[];
  request_id?: string | null;
}
