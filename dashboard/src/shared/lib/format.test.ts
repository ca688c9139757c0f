import { describe, expect, it } from "vitest";
import { ago, NOW } from "../../../tests/builders";
import {
  bytes,
  count,
  duration,
  factor,
  listOf,
  millis,
  minutes,
  percent,
  percentValue,
  relative,
  shortReason,
  windowName,
} from "./format";

/** Narrow spaces are written as ordinary ones here, to keep the expectations readable. */
const plain = (text: string) => text.replaceAll("\u202f", " ");

describe("a duration", () => {
  it.each([
    [0, "0 s"],
    [0.4, "under 1 s"],
    [59, "59 s"],
    [130, "2 min 10 s"],
    [3600, "1 h"],
    [3 * 3600 + 5 * 60 + 9, "3 h 5 min"],
    [4 * 86_400, "4 d"],
    [4 * 86_400 + 59, "4 d"],
    [-5, "0 s"],
  ])("of %d seconds reads %s", (seconds, words) => expect(plain(duration(seconds))).toBe(words));

  it("can be cut to one unit", () => expect(plain(duration(130, 1))).toBe("2 min"));
});

describe("a percentage", () => {
  it.each([
    [0.38, "38 %"],
    [1, "100 %"],
    [0, "0 %"],
    [0.055, "5.5 %"],
    [0.9999, "99.99 %"],
    [0.99046, "99 %"],
    [0.9919, "99.1 %"],
    [0.9995, "99.95 %"],
    [-0.12, "−12 %"],
    [0.00001, "< 0.1 %"],
  ])("of %d reads %s", (ratio, words) => expect(plain(percent(ratio))).toBe(words));

  it("never claims a perfect 100 % that is not there", () => expect(plain(percent(0.9999999))).toBe("99.999 %"));
  it("is a dash without data", () => expect(percent(null)).toBe("–"));
  it("keeps the digits of an objective", () => {
    expect(plain(percentValue(99.95))).toBe("99.95 %");
    expect(plain(percentValue(99))).toBe("99 %");
  });
});

describe("numbers with units", () => {
  it("chooses the unit a person would", () => {
    expect([0, 0.42, 4.24, 123.4, 1234, 12_340].map((value) => plain(millis(value)))).toEqual([
      "0 ms",
      "0.42 ms",
      "4.2 ms",
      "123 ms",
      "1.23 s",
      "12.3 s",
    ]);
  });
  it("says budgets in minutes to the second place, and in hours when large", () => {
    expect([43.2, 10.08, 0.5, -5.184, 388.8].map((value) => plain(minutes(value)))).toEqual([
      "43.2 min",
      "10.08 min",
      "30 s",
      "−5.18 min",
      "6 h 28 min",
    ]);
  });
  it("groups thousands", () => expect(plain(count(10_000))).toBe("10 000"));
  it("says how many times too fast", () => expect([14.4, 181.2, 1].map(factor)).toEqual(["14.4×", "181×", "1×"]));
  it("says sizes", () => expect([132, 4200].map((value) => plain(bytes(value)))).toEqual(["132 B", "4.2 kB"]));
});

describe("words around time and lists", () => {
  it("takes the first thing a long reason says", () => {
    expect(shortReason("answered 503 where 200-299 was expected; body says down (and 1 more check fails)")).toBe(
      "answered 503 where 200-299 was expected",
    );
    expect(shortReason("connection refused")).toBe("connection refused");
  });
  it("looks back and ahead", () => {
    expect(plain(relative(ago(180), NOW))).toBe("3 min ago");
    expect(plain(relative(ago(-7200), NOW))).toBe("in 2 h");
    expect(relative(ago(2), NOW)).toBe("just now");
  });
  it("joins names as a person would", () => {
    expect(listOf(["web"])).toBe("web");
    expect(listOf(["web", "api"])).toBe("web and api");
    expect(listOf(["a", "b", "c", "d", "e"])).toBe("a, b, c and 2 more");
  });
  it("names windows", () => {
    expect(windowName({ kind: "rolling", seconds: 30 * 86_400 })).toBe("30 days");
    expect(windowName({ kind: "rolling", seconds: 1200 })).toBe("20 minutes");
    expect(windowName({ kind: "calendar", unit: "month" })).toBe("calendar month");
  });
});
