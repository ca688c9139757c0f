import { describe, expect, it } from "vitest";
import { shownColumns } from "./columns";

const columns = [
  { id: "name" },
  { id: "p95", optional: true },
  { id: "tier", optional: true, wideOnly: true },
  { id: "uptime", optional: true, unusual: true },
];

describe("the columns of a list", () => {
  it("are those that suit the screen while nobody chose", () => {
    expect([...shownColumns(columns, undefined, true)]).toEqual(["name", "p95", "tier"]);
    expect([...shownColumns(columns, undefined, false)]).toEqual(["name", "p95"]);
  });
  it("are those chosen on every screen, and always those that name the row", () => {
    expect([...shownColumns(columns, "uptime,tier", false)]).toEqual(["name", "tier", "uptime"]);
    expect([...shownColumns(columns, "", true)]).toEqual(["name"]);
  });
});
