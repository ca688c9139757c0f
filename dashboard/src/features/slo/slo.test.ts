import { describe, expect, it } from "vitest";
import type { Alert } from "@/shared/api/types";
import { byRoot, waiting } from "@/shared/lib/alerts";
import { burnText, byLeast } from "@/shared/lib/objectives";
import { plain } from "@/shared/lib/sentence";
import { ago, anAlert, aSlo, NOW } from "../../../tests/builders";
import { alertsSentence, foldTree } from "./alerts/sentence";
import { sloSentence, slosSentence } from "./objectives/sentence";

const words = (text: string) => text.replaceAll("\u202f", " ");

describe("objectives", () => {
  it("stand with what burns now first, then by what is left, and no data last", () => {
    const list = [
      aSlo("calm", 0.9),
      aSlo("new", null),
      aSlo("spent", -0.1),
      aSlo("hot", 0.4, { state: "burning" }),
      aSlo("risky", 0.98, { state: "at-risk" }),
      aSlo("low", 0.1),
    ];
    expect(list.sort(byLeast).map((slo) => slo.service)).toEqual(["hot", "risky", "spent", "low", "calm", "new"]);
  });
  it("are summed up in one sentence", () => {
    const list = [
      aSlo("hot", 0.38, { state: "burning", burn_rate: 20 }),
      aSlo("spent", -0.1),
      aSlo("ok", 1),
      aSlo("new", null),
    ];
    expect(words(plain(slosSentence(list)))).toBe(
      "1 of 4 objectives is on track. hot availability burns its budget at 20× (page above 14.4×); 38 % is left. spent availability has " +
        "spent its budget. 1 has no data yet.",
    );
    expect(plain(slosSentence([aSlo("a", 1), aSlo("b", 0.5)]))).toBe("All 2 objectives are on track.");
  });
  it("are not all on track while one burns and no alert is due yet", () => {
    const list = [aSlo("api", 0.98, { state: "at-risk", burn_rate: 421 }), aSlo("web", 1)];
    expect(words(plain(slosSentence(list)))).toBe(
      "1 of 2 objectives is on track. api availability burns its budget at 421× (page above 14.4×), and no alert is due yet; " +
        "98 % is left.",
    );
  });
  it("do not call a budget low that a ticket is due for", () => {
    const ticket = aSlo("api", 0.96, { state: "warning", burn_rate: 3.4 });
    for (const rule of ticket.alerts) rule.firing = rule.factor === 3;
    expect(words(plain(slosSentence([ticket])))).toBe(
      "The one objective is not on track. api availability burns its budget at 3.4× (ticket above 3×); 96 % is left.",
    );
    expect(plain(slosSentence([aSlo("web", 0.1)]))).toContain("1 is running low");
  });
  it("name the threshold a rate is to be read against: what fires, else what it exceeds, else what comes first", () => {
    const at = (burn_rate: number) => words(burnText(aSlo("api", 0.9, { burn_rate })));
    expect([at(0.4), at(5), at(421)]).toEqual([
      "0.4× (ticket above 1×)",
      "5× (ticket above 3×)",
      "421× (page above 14.4×)",
    ]);
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
  it("say how fast the budget burns, by what, and that nobody is told yet", () => {
    const recent = { window_s: 300, total: 18, bad: 12, burn_rate: 667 };
    const risky = aSlo("api", 0.98, { state: "at-risk", burn_rate: 667, recent });
    expect(words(plain(sloSentence(risky, NOW)))).toContain(
      "It burns at 667× (page above 14.4×): 12 of 18 events were bad in the last 5 min. No alert is due yet.",
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
    const tree = foldTree({
      roots: [anAlert("9", { severity: "ticket" }), root],
      folded: [folded("3", "web", "api", "execution"), folded("2", "api", "execution")],
    });
    expect(tree.map(({ alert, under }) => [alert.id, under.map((each) => each.id)])).toEqual([
      ["1", ["2", "3"]],
      ["9", []],
    ]);
  });
  it("do not lose a folded alert whose root is no longer open", () => {
    expect(foldTree({ roots: [], folded: [folded("2", "api", "execution")] }).map(({ alert }) => alert.id)).toEqual([
      "2",
    ]);
  });
  const said = (...open: Alert[]) => words(plain(alertsSentence(byRoot(open), NOW)));

  it("count the roots, which somebody is told about, and the folded ones beside them", () => {
    const others = Array.from({ length: 11 }, (_, at) => folded(`f${at}`, "api", "execution"));
    const second = anAlert("9", { service: "auth", opened_at: ago(60) });
    expect(said(...others, second, root)).toBe(
      "2 alerts are open, on auth and execution, with 11 folded under them. Nobody has acknowledged any of them, the " +
        "oldest open for 2 min 10 s.",
    );
    expect(said(root, folded("2", "api", "execution"))).toBe(
      "1 alert is open, on execution, with 1 folded under it. Nobody has acknowledged execution is down, open for 2 min 10 s.",
    );
  });
  it("wait for a person only when they are roots that nobody has and nothing silences", () => {
    const roots = [
      root,
      anAlert("2", { silenced: true }),
      anAlert("3", { acknowledged_at: ago(9), acknowledged_by: "Kim" }),
    ];
    expect(waiting(byRoot([...roots, folded("4", "api", "execution")]).roots).map(({ id }) => id)).toEqual(["1"]);
  });
  it("say who has them", () => {
    expect(said()).toBe("Nothing needs you now.");
    const taken = anAlert("1", { acknowledged_at: ago(9), acknowledged_by: "Kim" });
    const silenced = anAlert("2", { silenced: true });
    expect(said(taken)).toBe("1 alert is open, on execution. Somebody has it.");
    expect(said(silenced)).toBe("1 alert is open, on execution. It is silenced.");
    expect(said(taken, silenced)).toBe("2 alerts are open, on execution. Somebody has 1 of them; 1 is silenced.");
  });
  it("that outlive the alert of their cause are named as such", () => {
    expect(said(folded("2", "api", "execution"))).toBe(
      "Nothing needs you now. 1 alert is still folded under a cause that is over.",
    );
  });
});
