// @vitest-environment jsdom
import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { keys } from "@/shared/api/queries";
import { ago, anAlert } from "../../../../tests/builders";
import { answers, show } from "../../../../tests/render";
import { ServiceAlerts } from "./ServiceAlerts";

describe("the alerts on a service's page", () => {
  it("show each alert once, the root first, though the list of open ones holds the folded too", async () => {
    const own = { alert_id: "1", service: "execution", path: ["execution"] };
    const other = { alert_id: "1", service: "execution", path: ["api", "execution"] };
    const open = [
      anAlert("3", { service: "api", folded_under: other }),
      anAlert("2", { title: "execution burns its budget", folded_under: own }),
      anAlert("1"),
    ];
    const resolved = [anAlert("0", { state: "resolved", resolved_at: ago(60), title: "execution was down" })];
    await show(
      <ServiceAlerts name="execution" />,
      answers([keys.alerts(undefined, "open"), open], [keys.alerts(undefined, "resolved"), resolved]),
    );
    expect(screen.getAllByRole("link").map((link) => link.textContent)).toEqual([
      "execution is down",
      "execution burns its budget",
      "execution was down",
    ]);
    expect(screen.getByText("folded: the same outage of execution")).toBeTruthy();
  });
});
