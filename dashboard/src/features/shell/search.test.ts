import { describe, expect, it } from "vitest";
import { rankMatches } from "./search";

const find = (text: string) =>
  rankMatches(["payments-api", "api", "rapid", "analyze", "apiary"], text, (name) => name, 9);

describe("search", () => {
  it("puts the exact name first, then beginnings, then beginnings of words, then the rest", () => {
    expect(find("api")).toEqual(["api", "apiary", "payments-api", "rapid"]);
  });
  it("finds letters in order when nothing else does", () => expect(find("pmtapi")).toEqual(["payments-api"]));
  it("finds nothing rather than anything", () => expect(find("zzz")).toEqual([]));
  it("keeps the order of the list while nothing is typed", () => expect(find("")).toHaveLength(5));
});
