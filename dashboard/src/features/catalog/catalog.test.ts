import { describe, expect, it } from "vitest";
import type { Fact } from "@/shared/api/types";
import { plain } from "@/shared/lib/sentence";
import { aFinding, ago, aService, aSlo, aState, NOW } from "../../../tests/builders";
import { byFile, filterFindings } from "./imports/findings";
import { distinctPaths, worthReading } from "./imports/readFiles";
import { importSentence } from "./imports/sentence";
import { factGroups, valueText } from "./service/facts";
import { serviceSentence } from "./service/sentence";

const words = (text: string) => text.replaceAll("\u202f", " ");

describe("a service's sentence", () => {
  it("says since when, why, who suffers and what is left", () => {
    const state = aState("execution", { state: "down", since: ago(130), reason: "connection refused" });
    const slo = aSlo("execution", 0.38, { burn_rate: 181.2 });
    expect(words(plain(serviceSentence(aService("execution"), state, ["web", "api"], [slo], NOW)))).toBe(
      "execution has been down for 2 min 10 s (connection refused). web and api suffer from it. 38 % of its error " +
        "budget over 30 days is left, burning at 181×.",
    );
  });
  it("names the cause of a degraded service", () => {
    const state = aState("web", { state: "degraded", since: ago(60), cause: { service: "api", path: ["web", "api"] } });
    expect(words(plain(serviceSentence(aService("web"), state, [], [], NOW)))).toBe(
      "web has been degraded for 1 min, because api is down.",
    );
  });
  it("does not call an unmeasured service up", () => {
    expect(plain(serviceSentence(aService("web"), undefined, [], [], NOW))).toBe("web has not been measured yet.");
  });
});

describe("facts", () => {
  const fact = (field: string, value: unknown, wins: boolean, superseded = false): Fact => ({
    service: "api",
    field,
    value,
    wins,
    superseded,
    source: { kind: "registry", file: "r.json", line: 1, version: null },
  });
  it("stand in groups, the winner first, what is superseded last", () => {
    const groups = factGroups([
      fact("port", 1, false, true),
      fact("owner", "a", true),
      fact("port", 2, false),
      fact("port", 3, true),
    ]);
    expect(groups.map(([field, group]) => [field, group.map((each) => each.value)])).toEqual([
      ["port", [3, 2, 1]],
      ["owner", ["a"]],
    ]);
  });
  it("are shown as text whatever they are", () => {
    expect([null, "x", 8004, true, ["a"]].map(valueText)).toEqual(["–", "x", "8004", "true", '["a"]']);
  });
});

describe("an import report", () => {
  const findings = [
    aFinding("1", { file: "b.json", severity: "info" }),
    aFinding("2", { file: "a.json", severity: "warning", line: 9 }),
    aFinding("3", { file: "a.json", severity: "warning", line: 2 }),
    aFinding("4", { file: "c.json", severity: "error", code: "duplicate-port" }),
  ];
  it("groups findings by file, the worst file first, in the order of the lines", () => {
    expect(byFile(findings).map(([file, group]) => [file, group.map((each) => each.id)])).toEqual([
      ["c.json", ["4"]],
      ["a.json", ["3", "2"]],
      ["b.json", ["1"]],
    ]);
  });
  it("filters by severity, code and words", () => {
    expect(filterFindings(findings, { severity: "warning" })).toHaveLength(2);
    expect(filterFindings(findings, { code: "duplicate-port" })).toHaveLength(1);
    expect(filterFindings(findings, { text: "B.JSON" })).toHaveLength(1);
  });
  it("sums itself up without claiming more than was read", () => {
    const file = (status: "read" | "failed") => ({ path: "x", kind: "registry", status, note: null, services: 1 });
    const report = {
      id: "1",
      at: ago(0),
      dry_run: true,
      files: [file("read"), file("failed")],
      findings,
      proposals: [],
      changes: [],
      summary: { files: 2, services: 10, errors: 1, warnings: 2, infos: 1 },
    };
    expect(plain(importSentence(report))).toBe(
      "1 of 2 files would be read, 10 services found. 1 file could not be read. The report holds 1 error, 2 warnings and 1 note.",
    );
  });
});

describe("files to import", () => {
  it("are what looks like configuration when a folder is given, and anything when a file is", () => {
    const paths = ["notes.txt", "fleet/registry.json", "fleet/logo.png", "fleet/node_modules/a/package.json"];
    expect(paths.filter(worthReading)).toEqual(["notes.txt", "fleet/registry.json"]);
  });
  it("are told apart when two have the same name", () => {
    const files = ["a.yml", "a.yml", "b.yml"].map((path) => ({ path, content: "" }));
    expect(distinctPaths(files).map((file) => file.path)).toEqual(["a.yml", "a.yml (2)", "b.yml"]);
  });
});
