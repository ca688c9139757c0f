// The sentence that opens a service page.
import type { Service, ServiceState, Slo } from "@/shared/api/types";
import { duration, percent, secondsBetween, shortReason, windowName } from "@/shared/lib/format";
import { burnText, isBurning, worstCounted } from "@/shared/lib/objectives";
import { names, type Piece } from "@/shared/lib/sentence";

export function serviceSentence(
  service: Service,
  state: ServiceState | undefined,
  victims: string[],
  slos: Slo[],
  now: number,
): Piece[] {
  const name: Piece = { text: service.name, tone: state?.state === "down" ? "bad" : "strong" };
  return [...stateWords(name, state, now), ...victimWords(victims, state), ...budgetWords(slos)];
}

function stateWords(name: Piece, state: ServiceState | undefined, now: number): Piece[] {
  if (!state || state.state === "unknown") return [name, " has not been measured yet."];
  const lasted = duration(secondsBetween(state.since, now));
  const because = state.cause
    ? [", because ", { text: state.cause.service, service: state.cause.service }, " is down"]
    : [];
  const reason = state.reason && !state.cause ? ` (${shortReason(state.reason)})` : "";
  switch (state.state) {
    case "down":
      return [name, ` has been down for ${lasted}${reason}`, ...because, "."];
    case "degraded":
      return [name, ` has been degraded for ${lasted}${reason}`, ...because, "."];
    case "maintenance":
      return [name, ` has been in maintenance for ${lasted}; failures neither alert nor count.`];
    default: {
      const day = state.uptime_24h_ratio;
      const uptime = day === null || day >= 1 ? "" : `; ${percent(day)} of the last 24 hours`;
      return [name, ` has been up for ${lasted}${uptime}.`];
    }
  }
}

function victimWords(victims: string[], state: ServiceState | undefined): Piece[] {
  if (victims.length === 0 || state?.state !== "down") return [];
  return [" ", ...names(victims), ` ${victims.length === 1 ? "suffers" : "suffer"} from it.`];
}

function budgetWords(slos: Slo[]): Piece[] {
  const worst = worstCounted(slos);
  if (!worst) return [];
  const left = worst.budget.remaining_ratio ?? 0;
  const window = windowName(worst.window);
  const fast = isBurning(worst) ? `, burning at ${burnText(worst)}` : "";
  if (left <= 0)
    return [` Its error budget over ${window} is ${left < 0 ? `overspent by ${percent(-left)}` : "spent"}.`];
  return [` ${percent(left)} of its error budget over ${window} is left${fast}.`];
}
