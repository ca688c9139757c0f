// The steps of the loop that have modules, and the pages of each. A step appears here when its first module exists.
import type { IconName } from "@/shared/ui/icons";
import { t } from "./strings";

export interface NavItem {
  to: "/" | "/imports" | "/checks" | "/maintenance" | "/slos" | "/alerts" | "/deliveries" | "/jobs" | "/mainstay";
  label: string;
  icon: IconName;
  /** Second key after g. */
  key: string;
}

export const navigation: { step: string; items: NavItem[] }[] = [
  {
    step: t.steps.know,
    items: [
      { to: "/", label: t.pages.fleet, icon: "fleet", key: "f" },
      { to: "/imports", label: t.pages.imports, icon: "imports", key: "i" },
    ],
  },
  {
    step: t.steps.watch,
    items: [
      { to: "/checks", label: t.pages.checks, icon: "checks", key: "c" },
      { to: "/maintenance", label: t.pages.maintenance, icon: "maintenance", key: "m" },
    ],
  },
  { step: t.steps.promise, items: [{ to: "/slos", label: t.pages.slos, icon: "objectives", key: "o" }] },
  {
    step: t.steps.wake,
    items: [
      { to: "/alerts", label: t.pages.alerts, icon: "alerts", key: "a" },
      { to: "/deliveries", label: t.pages.deliveries, icon: "deliveries", key: "d" },
    ],
  },
  {
    step: t.steps.settings,
    items: [
      { to: "/jobs", label: t.pages.jobs, icon: "clock", key: "w" },
      { to: "/mainstay", label: t.pages.mainstay, icon: "mainstay", key: "s" },
    ],
  },
];

export const pages = navigation.flatMap((group) => group.items);
