import { describe, expect, it } from "vitest";
import type { Fact, Import, ImportFile } from "@/shared/api/types";
import { plain } from "@/shared/lib/sentence";
import { aFinding, ago, aService, aSlo, aState, NOW } from "../../../tests/builders";
import { byFile, filterFindings } from "./imports/findings";
import { distinctPaths, read, skippedFolder } from "./imports/readFiles";
import { importSentence } from "./imports/sentence";
import { factGroups, valueText } from "./service/facts";
import { serviceSentence } from "./service/sentence";

const words = (text: string) => text.replaceAll("\u202f", " ");

describe("a service's sentence", () => {
  it("says since when, why, who suffers and what is left", () => {
    const state = aState("execution", { state: "down", since: ago(130), reason: "connection refused" });
    const slo = aSlo("execution", 0.38, { state: "burning", burn_rate: 181.2 });
    expect(words(plain(serviceSentence(aService("execution"), state, ["web", "api"], [slo], NOW)))).toBe(
      "execution has been down for 2 min 10 s (connection refused). web and api suffer from it. 38 % of its error " +
        "budget over 30 days is left, burning at 181× (page above 14.4×).",
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

describe("an import of other than files", () => {
  const report = (files: ImportFile[], given: Partial<Import["summary"]> = {}): Import => ({
    id: "1",
    at: ago(0),
    dry_run: true,
    files,
    findings: [],
    proposals: [],
    changes: [],
    summary: { files: files.length, services: 0, errors: 0, warnings: 0, infos: 0, ...given },
  });
  const file = (kind: string, status: ImportFile["status"]): ImportFile => ({
    path: kind,
    kind,
    status,
    note: null,
    services: 0,
  });
  it("says that it is about names alone when only aliases were given", () => {
    expect(plain(importSentence(report([], { warnings: 1 })))).toBe(
      "No file was given: this import only says which names mean the same service. The report holds 1 warning.",
    );
  });
  it("counts what was left out beside the files, not among them", () => {
    const files = [file("registry", "read"), file("folder", "recognised"), file("binary", "unknown")];
    expect(plain(importSentence(report(files, { services: 2 })))).toBe(
      "1 of 1 file would be read, 2 services found. 2 were left out. Nothing contradicts it.",
    );
    expect(plain(importSentence(report([file("folder", "recognised")])))).toBe(
      "Nothing was read: all that was given was left out.",
    );
  });
});

describe("files to import", () => {
  const given = (path: string, content: string | Uint8Array<ArrayBuffer>) => ({
    path,
    file: new File([content], path),
  });

  it("are read in the order of their paths, and what is not read is listed with the reason", async () => {
    const { files, left_out } = await read([
      given("fleet/z.yaml", "z: 1"),
      given("fleet/registry.json", "{}"),
      given("fleet/node_modules/a/package.json", "{}"),
      given("fleet/node_modules/b/package.json", "{}"),
      given("fleet/logo.png", new Uint8Array([0x89, 0x50, 0xff])),
      given("fleet/latin.yaml", new Uint8Array([0x61, 0xe9])),
      given("fleet/dump.json", "x".repeat(4 * 1024 * 1024 + 1)),
    ]);
    expect(files.map((file) => file.path)).toEqual(["fleet/registry.json", "fleet/z.yaml"]);
    expect(left_out.map(({ path, kind }) => [path, kind])).toEqual([
      ["fleet/dump.json", "too-large"],
      ["fleet/latin.yaml", "unreadable"],
      ["fleet/logo.png", "binary"],
      ["fleet/node_modules", "folder"],
    ]);
    expect(left_out.every(({ note }) => note !== "")).toBe(true);
  });
  it("are not looked for in a folder that is skipped, wherever it stands", () => {
    expect(skippedFolder("a/b/.git/config")).toBe("a/b/.git");
    expect([skippedFolder("target"), skippedFolder("a/registry.json")]).toEqual([null, null]);
  });
  it("are told apart when two have the same name", () => {
    const files = ["a.yml", "a.yml", "b.yml"].map((path) => ({ path, content: "" }));
    expect(distinctPaths(files).map((file) => file.path)).toEqual(["a.yml", "a.yml (2)", "b.yml"]);
  });
});
