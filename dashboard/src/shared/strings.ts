// The fixed words that more than one feature shows. What only one feature says stands in its own `strings.ts`; sentences
// computed from data live in `*sentence.ts` beside the data they speak of. Words follow the glossary of the product.

import { count } from "@/shared/lib/format";

export const t = {
  product: "Mainstay",

  state: {
    up: "up",
    degraded: "degraded",
    down: "down",
    unknown: "not measured",
    maintenance: "maintenance",
    paused: "paused",
  },

  pages: {
    fleet: "Fleet",
    imports: "Import",
    checks: "Checks",
    maintenance: "Maintenance",
    slos: "Objectives",
    alerts: "Alerts",
    deliveries: "Deliveries",
    jobs: "Jobs and replicas",
    mainstay: "Mainstay itself",
    more: "More",
  },

  common: {
    loading: "Loading",
    tryAgain: "Try again",
    requestId: "Request id",
    couldNot: (what: string) => `Could not ${what}.`,
    copy: (what: string) => `Copy ${what}`,
    copied: "Copied",
    copyLink: "Copy link",
    linkCopied: "Link copied",
    command: "command",
    undo: "Undo",
    dismiss: "Dismiss",
    cancel: "Cancel",
    close: "Close",
    back: "Back",
    all: "All",
    since: "since",
    never: "never",
    filter: "Filter",
    clearFilters: "Clear filters",
    showAll: (amount: number) => `Show all ${count(amount)}`,
    columns: "Columns",
    usualColumns: "As usual",
    chooseAll: "Select all that are shown",
    chooseRow: (name: string) => `Select ${name}`,
    export: "Export CSV",
    nothingMatches: "Nothing matches these filters.",
    shown: (shown: number, all: number) => (shown === all ? count(all) : `${count(shown)} of ${count(all)}`),
    service: "Service",
    wholeFleet: "Whole fleet",
    reason: "Reason",
    severity: "Severity",
    state: "State",
    time: "Time",
    skip: "Skip to content",
    sortBy: (column: string) => `Sort by ${column}`,
  },

  range: {
    label: "Time range",
    names: {
      "1h": "Last hour",
      "6h": "Last 6 hours",
      "24h": "Last 24 hours",
      "7d": "Last 7 days",
      "30d": "Last 30 days",
    },
    last: (span: string) => `Last ${span}`,
    begins: (ago: string) => `history begins ${ago}`,
    short: { "1h": "1 h", "6h": "6 h", "24h": "24 h", "7d": "7 d", "30d": "30 d" },
  },

  budget: {
    noData: "no data yet",
    left: (text: string) => `${text} of the error budget left`,
    overspent: (text: string) => `error budget overspent by ${text}`,
    state: {
      ok: "on track",
      "at-risk": "at risk",
      warning: "warning",
      burning: "burning",
      exhausted: "spent",
      "no-data": "no data",
    },
  },

  source: {
    person: "a person",
    mainstay: "Mainstay YAML",
    backstage: "Backstage",
    registry: "registry",
    "service-yaml": "service YAML",
    compose: "compose",
    kubernetes: "Kubernetes",
    prometheus: "Prometheus",
    slos: "slos.json",
    "monitor-toml": "monitor.toml",
  } as Record<string, string>,
} as const;
