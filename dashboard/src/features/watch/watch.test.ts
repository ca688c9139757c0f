import { describe, expect, it } from "vitest";
import { plain } from "@/shared/lib/sentence";
import { aCheck, ago, NOW } from "../../../tests/builders";
import { assertionWords } from "./checks/assertions";
import { checksSentence } from "./checks/sentence";
import { endOf } from "./useServiceHistory";
import { phaseBars } from "./waterfall";

describe("a probe's phases", () => {
  it("stand end to end, leaving out what did not happen", () => {
    expect(phaseBars({ resolve_ms: 1, connect_ms: 2, tls_ms: null, first_byte_ms: 30, body_ms: 4 })).toEqual([
      { phase: "resolve_ms", start: 0, length: 1 },
      { phase: "connect_ms", start: 1, length: 2 },
      { phase: "first_byte_ms", start: 3, length: 30 },
      { phase: "body_ms", start: 33, length: 4 },
    ]);
  });
  it("are none when the probe kept none", () => expect(phaseBars(null)).toEqual([]));
});

describe("the end of a history", () => {
  const point = { total: 1, failed: 0, maintenance: 0, p50_ms: 1, p95_ms: 1, p99_ms: 1, max_ms: 1 };
  const history = { resolution_s: 60, points: [{ at: ago(70), ...point }] };
  it("is that of the latest bucket while the next has hardly begun, and now once it is missing", () => {
    expect(endOf(history, NOW)).toBe(NOW - 10_000);
    expect(endOf(history, NOW + 60_000)).toBe(NOW + 60_000);
    expect(endOf(undefined, NOW)).toBe(NOW);
  });
});

describe("assertions", () => {
  it.each([
    [{ on: "status", is: "200-299,304" }, "status is 200-299,304"],
    [{ on: "body", contains: "ok" }, "body contains “ok”"],
    [{ on: "json", path: "$.status", in: ["up", "ok"] }, "$.status is one of “up”, “ok”"],
    [{ on: "header", name: "server", equals: "x" }, "header server equals “x”"],
    [{ on: "latency", below_ms: 500 }, "answered within 500 ms"],
    [{ on: "tls", days_left_at_least: 14 }, "certificate valid for at least 14 days"],
  ] as const)("read as words: %j", (assertion, words) => expect(assertionWords({ ...assertion })).toBe(words));
});

describe("the sentence of the checks", () => {
  it("names the services whose checks fail and counts what is not running", () => {
    const checks = [
      aCheck("a"),
      aCheck("b", { state: "down" }),
      aCheck("c", { state: "paused" }),
      aCheck("d", { state: "unknown" }),
    ];
    expect(plain(checksSentence(checks))).toBe("1 of 4 checks passes. 1 fails, on b. 1 has not run yet. 1 is paused.");
  });
  it("does not call nothing a success", () => expect(plain(checksSentence([]))).toBe("Nothing is checked yet."));
});
