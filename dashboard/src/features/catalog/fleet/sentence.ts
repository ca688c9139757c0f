// The sentence that opens the fleet page. It never claims more than the data holds: unknown is not up, and a cause is
// named only where the server found one.
import type { Slo } from "@/shared/api/types";
import { count, duration, percent, plural, secondsBetween, shortReason, windowName } from "@/shared/lib/format";
import { burnText, isBurning, worstCounted } from "@/shared/lib/objectives";
import { names, type Piece } from "@/shared/lib/sentence";
import { byWorst, type FleetRow } from "./rows";

export function fleetSentence(rows: FleetRow[], slos: Slo[], now: number): Piece[] {
  if (rows.length === 0) return ["No services are known yet."];
  const of = (state: FleetRow["state"]) => rows.filter((row) => row.state === state).sort(byWorst);
  const up = of("up");
  const down = of("down");
  const degraded = of("degraded");
  const unknown = of("unknown");
  const maintenance = of("maintenance");

  if (unknown.length === rows.length) {
    return [`${plural(rows.length, "service")} known, none measured yet. The first probes are on their way.`];
  }
  const pieces: Piece[] = [];
  if (up.length === rows.length) {
    pieces.push(rows.length === 1 ? "The one service is up." : `All ${count(rows.length)} services are up.`);
  } else {
    pieces.push(`${count(up.length)} of ${plural(rows.length, "service")} ${up.length === 1 ? "is" : "are"} up.`);
  }
  const roots = down.filter((row) => row.cause === null);
  const fallen = down.filter((row) => row.cause !== null);
  pieces.push(...downSentence(roots, now));
  pieces.push(...victimsSentence(fallen, degraded, roots));
  if (unknown.length > 0) {
    pieces.push(" ", ...names(unknown.map((row) => row.name)), ` ${are(unknown.length)} not measured yet.`);
  }
  if (maintenance.length > 0) {
    pieces.push(" ", ...names(maintenance.map((row) => row.name)), ` ${are(maintenance.length)} in maintenance.`);
  }
  pieces.push(...budgetSentence(roots[0] ?? down[0] ?? degraded[0], slos));
  return pieces;
}

function downSentence(roots: FleetRow[], now: number): Piece[] {
  const first = roots[0];
  if (!first) return [];
  if (roots.length === 1) {
    const since = first.since ? ` has been down for ${duration(secondsBetween(first.since, now))}` : " is down";
    const reason = first.reason ? ` (${shortReason(first.reason)})` : "";
    return [" ", { text: first.name, service: first.name, tone: "bad" }, `${since}${reason}.`];
  }
  const earliest = roots.reduce((a, b) => ((a.since ?? "9") <= (b.since ?? "9") ? a : b));
  const since = earliest.since
    ? `, the first for ${duration(secondsBetween(earliest.since, now))} (${earliest.name})`
    : "";
  return [
    " ",
    ...names(
      roots.map((row) => row.name),
      "bad",
    ),
    ` are down${since}.`,
  ];
}

function victimsSentence(fallen: FleetRow[], degraded: FleetRow[], roots: FleetRow[]): Piece[] {
  const pieces: Piece[] = [];
  const caused = degraded.filter((row) => row.cause !== null);
  const alone = degraded.filter((row) => row.cause === null);
  const causes = new Set([...caused, ...fallen].map((row) => row.cause?.service));
  const onlyCause = causes.size === 1 ? [...causes][0] : undefined;
  const because = (): Piece[] => {
    if (onlyCause === undefined) return [" because of services they depend on."];
    if (roots.length === 1 && roots[0]?.name === onlyCause) return [" because of it."];
    return [" because of ", { text: onlyCause, service: onlyCause }, "."];
  };
  if (fallen.length > 0) {
    const also = roots.length > 0 ? " also down" : " down";
    pieces.push(" ", ...names(fallen.map((row) => row.name)), ` ${are(fallen.length)}${also}`, ...because());
  }
  if (caused.length > 0) {
    pieces.push(" ", ...names(caused.map((row) => row.name)), ` ${are(caused.length)} degraded`, ...because());
  }
  if (alone.length > 0) {
    const reason = alone.length === 1 && alone[0]?.reason ? ` (${shortReason(alone[0].reason)})` : "";
    pieces.push(" ", ...names(alone.map((row) => row.name)), ` ${are(alone.length)} degraded${reason}.`);
  }
  return pieces;
}

/** The budget that matters now: the troubled service's, or else the one in the fleet that burns or is tight. */
function budgetSentence(troubled: FleetRow | undefined, slos: Slo[]): Piece[] {
  const slo = worstCounted(troubled ? slos.filter((each) => each.service === troubled.name) : slos);
  if (!slo) return [];
  const left = slo.budget.remaining_ratio ?? 0;
  const burning = isBurning(slo);
  if (!troubled && left > 0.5 && !burning) return [];
  const whose: Piece = { text: slo.service, service: slo.service };
  const what = `error budget over ${windowName(slo.window)}`;
  if (left < 0) return [" The ", what, " of ", whose, ` is overspent by ${percent(-left)}.`];
  if (left === 0) return [" The ", what, " of ", whose, " is spent."];
  const fast: Piece[] = burning ? [", burning at ", { text: burnText(slo), slo: slo.id, tone: "bad" }, "."] : ["."];
  return [` ${percent(left)} of the `, what, " of ", whose, " is left", ...fast];
}

const are = (amount: number) => (amount === 1 ? "is" : "are");
