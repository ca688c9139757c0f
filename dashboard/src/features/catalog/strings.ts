// The words of the fleet, of a service and its facts, and of imports.

import { count, plural } from "@/shared/lib/format";
import { t as shared } from "@/shared/strings";

const refused = (amount: number) => (amount === 0 ? "" : ` ${count(amount)} could not be changed.`);

export const t = {
  ...shared,

  fleet: {
    map: "Dependencies",
    mapNote: "Callers before what they call. A dashed line is a soft dependency.",
    mapLabel: "Map of services by dependency",
    table: "Services",
    columns: {
      name: "Service",
      since: "Since",
      strip: "History",
      availability: "Availability",
      p95: "Latency p95",
      uptime: "Uptime, 24 h",
      budget: "Budget left",
      owner: "Owner",
      tier: "Tier",
    },
    filter: "Filter by name, owner or words",
    state: "State",
    owner: "Owner",
    tier: "Tier",
    anyState: "Any state",
    anyOwner: "Any owner",
    anyTier: "Any tier",
    noOwner: "no owner",
    because: (service: string) => `because of ${service}`,
    empty: "Your fleet will appear here",
    emptyText:
      "Mainstay learns services from the files you already have: a service registry, compose file, Kubernetes manifests, Prometheus configuration, Backstage, or its own YAML. Nothing leaves this machine.",
    emptyCommand: "mainstay import ./path/to/your/files",
    emptyAction: "Import files here",
    zoomIn: "Zoom in",
    zoomOut: "Zoom out",
    fit: "Show all",
    group: (name: string) => `Show the services of ${name} in the table`,
    tableLabel: "Services, worst first",
    availabilityOf: (name: string, span: string) => `Availability of ${name}, ${span}`,
    latencyOf: (name: string, span: string) => `95th percentile of the latency of ${name}, ${span}`,
    bulk: {
      label: "For the selected services",
      chosen: (amount: number) => `${plural(amount, "service")} selected`,
      outOfSight: (amount: number) => `(${count(amount)} not shown)`,
      clear: "Select none",
      maintenance: "Start maintenance…",
      pause: "Pause checks",
      resume: "Resume checks",
      couldNotPause: (amount: number) => `pause the checks of ${plural(amount, "service")}`,
      couldNotResume: (amount: number) => `resume the checks of ${plural(amount, "service")}`,
      paused: (amount: number, failed: number) =>
        amount === 0
          ? "None of their checks was running."
          : `${plural(amount, "check")} paused. Nothing will notice if they fail.${refused(failed)}`,
      resumed: (amount: number, failed: number) =>
        amount === 0
          ? "None of their checks was paused."
          : `${plural(amount, "check")} ${amount === 1 ? "runs" : "run"} again.${refused(failed)}`,
    },
  },

  service: {
    checks: "Checks",
    run: "Run all checks now",
    pauseAll: "Pause checks",
    resumeAll: "Resume checks",
    maintenance: "Maintenance…",
    dependsOn: "Depends on",
    usedBy: "Used by",
    dependsOnNone: "Depends on nothing known.",
    usedByNone: "Nothing known depends on it.",
    soft: "soft",
    dependencies: "Dependencies",
    facts: "Facts and where they come from",
    factsNote: "the highest source wins; the others stay visible",
    field: "Fact",
    value: "Value",
    source: "Source",
    loses: "overruled",
    agrees: "the same",
    superseded: "superseded",
    ran: (ok: number, failed: number) =>
      failed === 0
        ? `Ran ${ok} ${ok === 1 ? "check" : "checks"}: all passed.`
        : `Ran ${ok + failed} ${ok + failed === 1 ? "check" : "checks"}: ${failed} failed.`,
    paused: (name: string) => `Checks of ${name} are paused. Nothing will notice if it fails.`,
    resumed: (name: string) => `Checks of ${name} run again.`,
    notFound: (name: string) => `show ${name}`,
    tier: (tier: string) => `${tier} tier`,
    noOwner: "no owner",
    ownedBy: (owner: string) => `owned by ${owner}`,
  },

  imports: {
    upload: "Import files",
    drop: "Drop files or folders here, or choose them",
    dropNote:
      "Service registries, slos.json, monitor.toml, per-service YAML, compose, Kubernetes, Prometheus, Backstage and Mainstay YAML, recognised by their content. The first look changes nothing.",
    choose: "Choose files",
    chooseFolder: "Choose a folder",
    nothingToRead: (left: { path: string; note: string }[]) =>
      left[0]
        ? `Nothing in what you chose can be read: ${left[0].path} was left out, because ${left[0].note}.`
        : "There was no file in what you chose.",
    preview: "Preview",
    previewNote: "Nothing has been changed yet.",
    apply: "Apply this import",
    applied: (services: number) => `Imported: ${services} ${services === 1 ? "service" : "services"} known.`,
    discard: "Discard",
    findings: "Findings",
    files: "Files",
    changes: "Changes",
    proposals: "Possible aliases",
    proposalsNote:
      "These look like the same service under two names. Tick one to join them; the preview is made again.",
    proposal: (name: string, matches: string) => `${name} is ${matches}`,
    severity: { error: "error", warning: "warning", info: "note" },
    anySeverity: "Any severity",
    anyCode: "Any code",
    accept: "Accept",
    accepted: "Accepted",
    status: {
      read: "read",
      recognised: "recognised, not used yet",
      unknown: "unknown",
      superseded: "superseded",
      failed: "could not be read",
    },
    change: { added: "added", changed: "changed", removed: "removed", kept: "kept, a person set it" },
    leftOut: "left out",
    leftOutCount: (amount: number) => `${count(amount)} left out`,
    leftOutKind: {
      unreadable: "cannot be read",
      "too-large": "too large",
      binary: "no text",
      link: "link",
      folder: "folder",
      special: "no file",
    } as Record<string, string>,
    aliasOnly: "No file was given: this import only says which names mean the same service.",
    nothingRead: "Nothing was read: all that was given was left out.",
    noFindings: "No contradictions found. Every file agrees with every other.",
    noChanges: "Nothing would change.",
    empty: "No files have been imported yet",
    emptyText:
      "Point Mainstay at the files you already have. It tells you where they contradict each other, with file and line, before anything is changed. On the command line:",
    emptyCommand: "mainstay import --dry-run ./config",
    history: "Earlier imports",
    dryRun: "preview only",
    kind: "Kind",
  },
} as const;
