import { describe, expect, it } from "vitest";
import { plain } from "@/shared/lib/sentence";
import { ago, anAlert, aSlo, NOW } from "../../../tests/builders";
import { alertsSentence, foldTree } from "./alerts/sentence";
import { byLeast } from "./objectives/order";
import { sloSentence, slosSentence } from "./objectives/sentence";

const words = (text: string) => text.replaceAll("\u202f", " ");

describe("objectives", () => {
  it("stand with what burns now first, then by what is left, and no data last", () => {
    const list = [
      aSlo("calm", 0.9),
      aSlo("new", null),
      aSlo("spent", -0.1),
      aSlo("hot", 0.4, { state: "burning" }),
      aSlo("low", 0.1),
    ];
    expect(list.sort(byLeast).map((slo) => slo.service)).toEqual(["hot", "spent", "low", "calm", "new"]);
  });
  it("are summed up in one sentence", () => {
    const list = [
      aSlo("hot", 0.38, { state: "burning", burn_rate: 14.4 }),
      aSlo("spent", -0.1),
      aSlo("ok", 1),
      aSlo("new", null),
    ];
    expect(words(plain(slosSentence(list)))).toBe(
      "1 of 4 objectives is on track. hot availability burns its budget at 14.4×; 38 % is left. spent availability has " +
        "spent its budget. 1 has no data yet.",
    );
    expect(plain(slosSentence([aSlo("a", 1), aSlo("b", 0.5)]))).toBe("All 2 objectives are on track.");
  });
  it("say what was promised and what is left, in minutes and probes", () => {
    expect(words(plain(sloSentence(aSlo("api", 0.5), NOW)))).toBe(
      "api promises that 99.9 % of probes pass over 30 days. 50 % of the budget is left: 21.6 min of 43.2 min, or 86 failed probes.",
    );
  });
  it("say when the budget will be gone, only while it burns too fast", () => {
    const burning = aSlo("api", 0.5, { burn_rate: 10, exhausted_at: ago(-7200) });
    expect(words(plain(sloSentence(burning, NOW)))).toContain("If it went on at 10×, nothing would be left in 2 h.");
    expect(plain(sloSentence(aSlo("api", 0.5, { burn_rate: 0.5, exhausted_at: ago(-7200) }), NOW))).not.toContain(
      "went on",
    );
  });
  it("do not pretend that no events are a full budget", () => {
    expect(plain(sloSentence(aSlo("api", null), NOW))).toContain("Nothing has been counted yet");
  });
});

describe("alerts", () => {
  const root = anAlert("1");
  const folded = (id: string, ...path: string[]) =>
    anAlert(id, { service: path[0] ?? "", folded_under: { alert_id: "1", service: "execution", path } });

  it("stand with the folded ones under their root, the nearest first", () => {
    const tree = foldTree(
      [anAlert("9", { severity: "ticket" }), root],
      [folded("3", "web", "api", "execution"), folded("2", "api", "execution")],
    );
    expect(tree.map(({ alert, under }) => [alert.id, under.map((each) => each.id)])).toEqual([
      ["1", ["2", "3"]],
      ["9", []],
    ]);
  });
  it("do not lose a folded alert whose root is no longer open", () => {
    expect(foldTree([], [folded("2", "api", "execution")]).map(({ alert }) => alert.id)).toEqual(["2"]);
  });
  it("say who has them", () => {
    expect(plain(alertsSentence([], [], NOW))).toBe("Nothing needs you now.");
    expect(words(plain(alertsSentence([root], [folded("2", "api", "execution")], NOW)))).toBe(
      "1 alert is open, on execution. Nobody has acknowledged execution is down, open for 2 min 10 s. 1 more alert is folded under its cause.",
    );
    const taken = anAlert("1", { acknowledged_at: ago(9), acknowledged_by: "Kim" });
    expect(plain(alertsSentence([taken], [], NOW))).toBe(
      "1 alert is open, on execution. Somebody has every one of them.",
    );
  });
});
