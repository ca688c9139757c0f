// The words of the page about Mainstay itself.

import { t as shared } from "@/shared/strings";

export const t = {
  ...shared,

  mainstay: {
    tasks: "Tasks",
    tasksNote: "the work that goes on inside Mainstay",
    version: "Version",
    started: "Started",
    database: "Database",
    databases: { sqlite: "SQLite, embedded", postgresql: "PostgreSQL" },
    environment: "Environment",
    counts: "Holds",
    countsText: (services: string, checks: string, slos: string) =>
      `${services} services, ${checks} checks, ${slos} objectives`,
    api: "Interface",
    apiDocs: "API documentation",
    metrics: "Own metrics",
    state: { running: "running", idle: "idle", failed: "failed", finished: "finished", stopped: "stopped" },
    about: "About",
    noTasks: "No task has reported yet.",
  },
} as const;
