// @vitest-environment jsdom
import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { keys } from "@/shared/api/queries";
import type { Delivery } from "@/shared/api/types";
import { ago, anAlert } from "../../../../tests/builders";
import { answers, show } from "../../../../tests/render";
import { Told } from "./Told";
import { toldWords } from "./toldWords";

function aDelivery(id: string, given: Partial<Delivery> = {}): Delivery {
  return {
    id,
    webhook_id: `hook-${id}`,
    webhook_name: id,
    alert_id: "1",
    event: "alert.opened",
    status: "delivered",
    attempts: 1,
    next_attempt_at: null,
    created_at: ago(130),
    delivered_at: ago(129),
    last_error: null,
    ...given,
  };
}

const text = () => document.body.textContent?.replaceAll("\u202f", " ") ?? "";

describe("who was told of an alert", () => {
  it("is said by name, with the time each accepted it and what became of the others", async () => {
    const told = { webhooks: 2, accepted: 1, summary: "1 of 2 webhooks accepted it." };
    const deliveries = [
      aDelivery("pager"),
      aDelivery("chat", { status: "failed", delivered_at: null, last_error: "connection refused" }),
      aDelivery("end", { event: "alert.resolved" }),
      aDelivery("other", { alert_id: "2" }),
    ];
    await show(<Told alert={anAlert("1", { told })} />, answers([keys.deliveries, deliveries]));
    expect(text()).toMatch(/1 of 2 webhooks accepted it\.pager accepted it at \d\d:\d\d:\d\d/);
    expect(text()).toContain("chat will be tried again connection refused");
    expect(screen.getAllByRole("link").map((link) => link.textContent)).toEqual(["pager", "chat"]);
  });
  it("is nobody while there is no webhook, with the way to make one", async () => {
    const told = { webhooks: 0, accepted: 0, summary: "Nobody was told: no webhook was enabled." };
    await show(<Told alert={anAlert("1", { told })} />, answers([keys.webhooks, []]));
    expect(text()).toContain("Nobody: there is no webhook yet.");
    const link = screen.getByRole("link", { name: "Create a webhook" });
    expect(link.getAttribute("href")).toBe("/deliveries?create=true");
  });
  it("is nobody for a reason when the alert is folded, silenced or held back", async () => {
    const folded_under = { alert_id: "9", service: "data", path: ["api", "data"] };
    await show(<Told alert={anAlert("1", { told: null, folded_under })} />);
    expect(text()).toContain("the alert about data is told instead");
  });
  it("is a few words in the list, and none where another tag says it", () => {
    const words = (webhooks: number, accepted: number) =>
      toldWords(anAlert("1", { told: { webhooks, accepted, summary: "" } }));
    expect(words(0, 0)).toEqual({ text: "nobody told: no webhook", tone: "warn" });
    expect(words(1, 0)).toEqual({ text: "told, not accepted yet", tone: "warn" });
    expect(words(2, 1)).toEqual({ text: "accepted by 1 of 2 webhooks", tone: "warn" });
    expect(words(1, 1)).toEqual({ text: "accepted by the webhook", tone: "good" });
    expect(toldWords(anAlert("1", { told: null }))).toEqual({ text: "nobody told yet", tone: "quiet" });
    expect(toldWords(anAlert("1", { told: null, silenced: true }))).toBeNull();
  });
});
