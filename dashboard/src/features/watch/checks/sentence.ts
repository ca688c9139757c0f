// The sentence that opens the checks page.
import type { Check } from "@/shared/api/types";
import { count, plural } from "@/shared/lib/format";
import { names, type Piece } from "@/shared/lib/sentence";

export function checksSentence(checks: Check[]): Piece[] {
  if (checks.length === 0) return ["Nothing is checked yet."];
  const of = (state: Check["state"]) => checks.filter((check) => check.state === state);
  const down = of("down");
  const unknown = of("unknown").length;
  const paused = of("paused").length;
  const maintenance = of("maintenance").length;
  const up = of("up").length;
  const pieces: Piece[] = [
    up === checks.length
      ? `All ${plural(checks.length, "check")} pass.`
      : `${count(up)} of ${plural(checks.length, "check")} ${up === 1 ? "passes" : "pass"}.`,
  ];
  if (down.length > 0) {
    const services = [...new Set(down.map((check) => check.service))];
    pieces.push(` ${count(down.length)} ${down.length === 1 ? "fails" : "fail"}, on `, ...names(services), ".");
  }
  if (unknown > 0) pieces.push(` ${count(unknown)} ${unknown === 1 ? "has" : "have"} not run yet.`);
  if (maintenance > 0) pieces.push(` ${count(maintenance)} ${maintenance === 1 ? "is" : "are"} in maintenance.`);
  if (paused > 0) pieces.push(` ${count(paused)} ${paused === 1 ? "is" : "are"} paused.`);
  return pieces;
}
