// The words of the frame around every page.

import { t as shared } from "@/shared/strings";

export const t = {
  ...shared,

  steps: { know: "Know", watch: "Watch", promise: "Promise", wake: "Wake", settings: "Settings" },

  shell: {
    environment: "Environment",
    search: "Search or run a command",
    searchShort: "Search",
    mainNavigation: "Main",
    scheme: { light: "Light", dark: "Dark", auto: "As the system" },
    schemeLabel: (now: string) => `Colour scheme: ${now}. Change`,
    keyboard: "Keyboard shortcuts",
    live: "Live",
    connecting: "Connecting",
    reconnecting: "Reconnecting",
    offline: "Offline",
    stale: (since: string) => `No live updates since ${since}. What is shown may be out of date; reconnecting.`,
    offlineNote: (since: string) =>
      `This browser has been offline since ${since}. What is shown is what was last known.`,
    ownTrouble: (what: string) => `Mainstay itself: ${what}`,
    demo: "demo",
    waitingAlerts: (amount: number) =>
      amount === 1 ? "1 alert that nobody has taken on" : `${amount} alerts that nobody has taken on`,
    noMatch: "No service, page or command matches.",
    go: "Go to",
    open: "Open",
    run: "Do",
    newMaintenance: "New maintenance",
    newWebhook: "New webhook",
    notFound: "There is no such page.",
    notFoundText: "The address may be old, or mistyped.",
    toFleet: "Go to the fleet",
    crashed: "show this page",
  },

  help: {
    title: "Keyboard shortcuts",
    groups: {
      move: "Move",
      go: "Go to",
      do: "Do",
    },
    rows: {
      next: "Next or previous in a list",
      open: "Open the selected",
      choose: "Select it for an action on several",
      filter: "Filter this list",
      search: "Search and commands",
      help: "This help",
      back: "Back, or close",
    },
  },
} as const;
