import { describe, expect, it } from "vitest";
import { stripRequest } from "@/shared/api/queries";
import { ago, NOW } from "../../../tests/builders";
import { beginning, isRange, rangeOf, spanName, spanOfAge } from "./range";

const words = (text: string | undefined) => text?.replaceAll("\u202f", " ");

describe("the range that nobody chose", () => {
  it.each([
    [180, "Last 10 min"],
    [1500, "Last 30 min"],
    [3601, "Last 2 h"],
    [5 * 3600, "Last 6 hours"],
    [20 * 3600, "Last 24 hours"],
    [90 * 86_400, "Last 24 hours"],
    [null, "Last 24 hours"],
  ])("of a fleet watched for %s s is %s", (age, name) => {
    expect(words(spanName(spanOfAge(age)))).toBe(name);
  });
  it("is never longer than what it is a part of", () => expect(spanOfAge(60, 300)).toBe(300));
  it("says when the history begins inside it, and nothing when it fills it", () => {
    expect(words(beginning(ago(180), 600, NOW))).toBe("history begins 3 min ago");
    expect(beginning(ago(700), 600, NOW)).toBeUndefined();
    expect(beginning(null, 600, NOW)).toBeUndefined();
  });
});

describe("a range in the address", () => {
  it("is one of those offered", () =>
    expect([isRange("7d"), isRange("10m"), rangeOf(600)]).toEqual([true, false, undefined]));
});

describe("a strip", () => {
  it("is asked for in whole hours, and its end is kept", () => {
    expect(stripRequest(86_400, 48)).toEqual({ hours: 24, ask: 48, keep: 48 });
    expect(stripRequest(600, 48)).toEqual({ hours: 1, ask: 288, keep: 48 });
  });
  it("is never asked for in more slots than the server cuts", () => {
    expect(stripRequest(300, 48)).toEqual({ hours: 1, ask: 500, keep: 42 });
  });
});
