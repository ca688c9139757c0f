// A real failure, from the first failing probe to the last recovery, seen without touching the browser.
import type { Page } from "@playwright/test";
import { until } from "./demo";
import { expect, inspect, settled, test } from "./harness";

const map = (page: Page, name: RegExp) => page.getByLabel("Map of services by dependency").getByLabel(name);
const row = (page: Page, service: string) =>
  page
    .getByRole("table", { name: /Services/ })
    .getByRole("row")
    .filter({ has: page.getByRole("link", { name: service, exact: true }) });

/** What is left of the budget in the row of one objective, in percent. */
async function budgetLeft(page: Page, objective: string): Promise<number> {
  const text = await page
    .getByRole("row")
    .filter({ has: page.getByRole("link", { name: objective, exact: true }) })
    .getByText(/of the error budget left|overspent by/)
    .innerText();
  const found = /([\d.,]+)\s*%/.exec(text);
  return Number(found?.[1]?.replaceAll(",", "")) * (text.includes("overspent") ? -1 : 1);
}

/** Whoever opens a page is written into it; a reload would wipe that out. */
async function open(page: Page, path: string) {
  await page.goto(path);
  await settled(page);
  await page.evaluate(() => document.documentElement.setAttribute("data-opened-once", "yes"));
}

test("a leak of connections is seen, explained, sent and mended without a reload", async ({
  demo,
  context,
  page: fleet,
  troubles: _,
}) => {
  test.setTimeout(420_000);
  await demo.allUp();
  const [slos, alerts, deliveries, service] = [
    await context.newPage(),
    await context.newPage(),
    await context.newPage(),
    await context.newPage(),
  ];
  const opened = { fleet, slos, alerts, deliveries, service };
  await open(fleet, "/");
  await open(slos, "/slos");
  await open(alerts, "/alerts");
  await open(deliveries, "/deliveries");
  await open(service, "/services/data");

  await expect(fleet.getByText("All 10 services are up.")).toBeVisible();
  await expect(fleet.getByRole("status").filter({ hasText: "Live" })).toBeVisible();
  await expect(alerts.getByRole("button", { name: /data is down/ })).toHaveCount(0);
  await inspect(fleet, "fleet-up");
  const before = await until("the budget of data has been counted", 30_000, async () => {
    const left = await budgetLeft(slos, "data-availability");
    return Number.isNaN(left) ? undefined : left;
  });

  await demo.break("data", "connection-leak");

  // The fleet page follows, without being asked.
  await expect(map(fleet, /^data: down/)).toBeVisible({ timeout: 120_000 });
  await expect(fleet.getByText(/has been down for/)).toBeVisible();
  for (const victim of ["api", "web", "app", "execution"]) {
    await expect(map(fleet, new RegExp(`^${victim}: (degraded|down), because of data`))).toBeVisible({
      timeout: 60_000,
    });
  }
  await expect(row(fleet, "data")).toContainText(/down/);
  await expect(row(fleet, "web")).toContainText(/because of data/);
  await expect(service.locator("h1")).toContainText("down");

  // One alert for the cause; what suffers from it is folded underneath, with the path.
  const alert = alerts.getByRole("button", { name: /data is down/ }).first();
  await expect(alert).toBeVisible({ timeout: 60_000 });
  const folded = (await demo.states())
    .filter((each) => each.state === "down" && each.cause?.service === "data")
    .map((each) => each.cause?.path.join(" → ") ?? "");
  for (const path of folded) await expect(alerts.getByText(path).first()).toBeVisible();

  // It was sent, and it arrived.
  const delivery = deliveries
    .getByRole("button", { name: /data is down/ })
    .filter({ hasText: "alert opened" })
    .filter({ hasText: "demo-receiver" });
  await expect(delivery).toContainText("delivered", { timeout: 30_000 });

  // The budget pays for it.
  await expect.poll(() => budgetLeft(slos, "data-availability"), { timeout: 60_000 }).toBeLessThan(before);

  await inspect(fleet, "fleet-down");
  await inspect(service, "service-down");
  await inspect(slos, "slos");
  await alert.click();
  await expect(alerts.getByRole("heading", { name: "What happened" })).toBeVisible();
  await inspect(alerts, "alerts");
  await delivery.click();
  await expect(deliveries.getByRole("heading", { name: "Attempts" })).toBeVisible();
  await expect(deliveries.getByText(/HTTP 2\d\d/)).toBeVisible();
  await inspect(deliveries, "deliveries");

  await demo.mend("data");

  await expect(fleet.getByText("All 10 services are up.")).toBeVisible({ timeout: 120_000 });
  await expect(map(fleet, /^data: up/)).toBeVisible();
  await expect(map(fleet, /: (down|degraded)/)).toHaveCount(0);
  await expect(alerts.getByText("Nothing needs you now.")).toBeVisible({ timeout: 60_000 });
  await expect(
    alerts
      .locator("section")
      .filter({ has: alerts.getByRole("heading", { name: "Resolved" }) })
      .getByRole("button", { name: /data is down/ }),
  ).toBeVisible();
  await expect(
    deliveries.getByRole("button", { name: /data is down/ }).filter({ hasText: "alert resolved" }),
  ).toContainText("delivered", { timeout: 30_000 });
  await inspect(fleet, "fleet-recovered");

  for (const [name, page] of Object.entries(opened)) {
    await expect(page.locator("html"), `${name} was never loaded again`).toHaveAttribute("data-opened-once", "yes");
  }
});
