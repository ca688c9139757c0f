// The words of checks, probes and maintenance.

import { listOf } from "@/shared/lib/format";
import { t as shared } from "@/shared/strings";

export const t = {
  ...shared,

  service: {
    checks: "Checks",
    checksNote: (range: string) => `each strip is the ${range.toLowerCase()}`,
    noChecks: "Nothing watches this service yet",
    noChecksText:
      "Checks are made from the health, readiness and liveness addresses in the catalog. Give the service one in its source file and import again, or write a check in Mainstay YAML.",
    phases: "Last success against last failure",
    phasesNote: "where the time of a probe went",
    success: "Last success",
    failure: "Last failure",
    noFailure: "No failure in what is kept.",
    noSuccess: "No success in what is kept.",
    latency: "Latency",
    every: (interval: string) => `every ${interval}`,
  },

  phases: {
    resolve_ms: "resolve",
    connect_ms: "connect",
    tls_ms: "TLS",
    first_byte_ms: "wait for first byte",
    body_ms: "body",
    total: "total",
    none: "This probe kept no phases.",
    cut: "no answer came",
  },

  checks: {
    list: "All checks, failing first",
    filter: "Filter by name, service or target",
    state: "State",
    anyState: "Any state",
    run: "Run now",
    pause: "Pause",
    resume: "Resume",
    target: "Target",
    assertions: "Must hold",
    noAssertions: { http: "status is 200-299, and the body does not say otherwise", tcp: "a connection is accepted" },
    interval: "Interval",
    timeout: "Timeout",
    thresholds: "Turns",
    thresholdsText: (down: number, up: number, retry: string) =>
      `down after ${down} failures in a row (${retry} apart), up after ${up} successes`,
    headers: "Headers",
    secret: "secret",
    managedBy: "Kept in",
    probes: "Probes",
    probesNote: "newest first",
    onlyFailed: "Only failed",
    outcome: "Outcome",
    took: "Took",
    passed: "passed",
    failed: "failed",
    empty: "Checks will appear here",
    emptyText:
      "Every service with a health, readiness or liveness address gets checks by itself when its files are imported. A check can also be written by hand in Mainstay YAML:",
    emptyExample:
      "apiVersion: mainstay/v1\nkind: Check\nmetadata:\n  name: payments-answers\nspec:\n  service: payments\n  target: http://127.0.0.1:8081/health\n  assertions:\n    - on: status\n      is: 200-299\n    - on: latency\n      below_ms: 500",
    attempt: { scheduled: "", retry: "retry", manual: "by hand" },
    ranOk: (name: string, took: string) => `${name} passed in ${took}.`,
    ranFailed: (name: string, why: string) => `${name} failed: ${why}`,
    paused: (name: string) => `${name} is paused. Nothing will notice if it fails.`,
    resumed: (name: string) => `${name} runs again.`,
    noProbes: "No probe is kept for this choice yet.",
  },

  maintenance: {
    list: "Planned and running",
    past: "Past",
    start: "New maintenance",
    title: "New maintenance",
    text: "Probes go on, but failures neither alert nor count against the budget.",
    for: "For",
    durations: { "15": "15 minutes", "30": "30 minutes", "60": "1 hour", "240": "4 hours", "1440": "1 day" } as Record<
      string,
      string
    >,
    create: "Start maintenance",
    created: (what: string, refused: string[]) =>
      `Maintenance of ${what} is set.${refused.length > 0 ? ` It could not be set for ${listOf(refused)}.` : ""}`,
    end: "End…",
    endTitle: (what: string) => `End the maintenance of ${what}?`,
    endText: "From now on failures alert and count against the budget again.",
    endDo: "End maintenance",
    ended: (what: string) => `Maintenance of ${what} has ended.`,
    empty: "No maintenance is planned",
    emptyText:
      "Announce work before you begin it: probes go on, but nobody is woken and no budget burns while the window lasts.",
    running: "running",
    planned: "planned",
    over: "over",
    reasonHint: "What is being done, for example moving the database.",
  },
} as const;
