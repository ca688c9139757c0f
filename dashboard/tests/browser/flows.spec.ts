// What a person does, from end to end, in a real browser.
import type { Page } from "@playwright/test";
import { choose, expect, expectAccessible, expectNoSidewaysScroll, settled, test } from "./harness";

const look = (name: string) => ({ path: `test-results/pages/${name}.png`, fullPage: true });

for (const scheme of ["light", "dark"] as const) {
  for (const width of [1440, 390]) {
    const as = `${scheme}-${width === 1440 ? "wide" : "narrow"}`;
    test.describe(`details, ${as}`, () => {
      test.beforeEach(async ({ page }) => {
        await choose(page, "down", { scheme });
        await page.setViewportSize({ width, height: 900 });
      });

      test("an objective shows its burn-down and its windows", async ({ page, troubles }) => {
        await page.goto("/slos");
        await page.getByRole("link", { name: "execution availability" }).first().click();
        await expect(page.getByRole("img", { name: /burn-down of execution/i })).toBeVisible();
        await settled(page);
        await page.screenshot(look(`slo-detail-${as}`));
        await expectNoSidewaysScroll(page);
        await expectAccessible(page);
        expect(troubles).toEqual([]);
      });

      test("an alert shows what happened", async ({ page, troubles }) => {
        await page.goto("/alerts");
        await page.getByRole("button", { name: /api is failing because of execution/ }).click();
        await expect(page.getByRole("heading", { name: "What happened" })).toBeVisible();
        await settled(page);
        await page.screenshot(look(`alert-detail-${as}`));
        await expectNoSidewaysScroll(page);
        await expectAccessible(page);
        expect(troubles).toEqual([]);
      });

      test("an alert names who was told, or how to have somebody told", async ({ page, troubles }) => {
        await page.goto("/alerts");
        await page.getByRole("button", { name: /^execution is down/ }).click();
        await expect(page.getByText(/accepted it at \d\d:\d\d:\d\d/)).toBeVisible();
        await settled(page);
        await expectAccessible(page);
        await page.goto("/alerts");
        await page.getByRole("button", { name: /main has spent its error budget/ }).click();
        await expect(page.getByText(/^Nobody: no webhook was enabled when it opened/)).toBeVisible();
        await settled(page);
        await expectAccessible(page);
        await expectNoSidewaysScroll(page);
        expect(troubles).toEqual([]);
      });

      test("a check shows what must hold and its probes", async ({ page, troubles }) => {
        await page.goto("/checks");
        await page.getByText("execution health").first().click();
        await expect(page.getByText("status is 200-299")).toBeVisible();
        await settled(page);
        await page.screenshot(look(`check-detail-${as}`));
        await expectNoSidewaysScroll(page);
        await expectAccessible(page);
        expect(troubles).toEqual([]);
      });

      test("a delivery shows its attempts", async ({ page, troubles }) => {
        await page.goto("/deliveries");
        await page
          .getByRole("button", { name: /given up/ })
          .first()
          .click();
        await expect(page.getByRole("heading", { name: "Attempts" })).toBeVisible();
        await settled(page);
        await page.screenshot(look(`delivery-detail-${as}`));
        await expectNoSidewaysScroll(page);
        await expectAccessible(page);
        expect(troubles).toEqual([]);
      });

      test("dialogs are sound", async ({ page, troubles }) => {
        await page.goto("/");
        await settled(page);
        await page.keyboard.press("?");
        await expect(page.getByRole("dialog")).toBeVisible();
        await page.screenshot({ path: `test-results/pages/help-${as}.png` });
        await expectAccessible(page);
        await page.keyboard.press("Escape");
        await expect(page.getByRole("dialog")).toBeHidden();
        await page.keyboard.press("Control+k");
        await page.getByRole("combobox", { name: "Search or run a command" }).fill("exec");
        await expect(page.getByRole("option", { name: /execution/ })).toBeVisible();
        await page.screenshot({ path: `test-results/pages/commands-${as}.png` });
        await expectAccessible(page);
        await page.keyboard.press("Escape");
        await page.goto("/services/execution");
        await page.getByRole("button", { name: "Maintenance…" }).click();
        await expect(page.getByLabel(/reason/i)).toBeVisible();
        await page.screenshot({ path: `test-results/pages/maintenance-form-${as}.png` });
        await expectAccessible(page);
        expect(troubles).toEqual([]);
      });
    });
  }
}

test("the keyboard alone reaches a service and comes back", async ({ page }) => {
  await choose(page, "down");
  await page.goto("/");
  await settled(page);
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/services\/api/);
  await page.keyboard.press("g");
  await page.keyboard.press("a");
  await expect(page).toHaveURL(/\/alerts/);
  await page.keyboard.press("g");
  await page.keyboard.press("f");
  await expect(page).toHaveURL(/\/$/);
  await page.keyboard.press("/");
  await page.keyboard.type("research");
  await expect(page).toHaveURL(/text=research/);
  await expect(page.getByRole("table", { name: /Services/ }).getByRole("link")).toHaveCount(2);
});

test("a filter is in the address and survives a reload", async ({ page }) => {
  await choose(page, "down");
  await page.goto("/");
  await page.getByLabel("State").selectOption("degraded");
  await expect(page).toHaveURL(/state=degraded/);
  await page.reload();
  await expect(page.getByRole("table", { name: /Services/ }).getByRole("link")).toHaveCount(3);
});

test("alerts are counted by their root, and the folded ones are said beside them", async ({ page }) => {
  await choose(page, "down", { own: "counted" });
  await page.goto("/alerts");
  await expect(page.getByText(/^3 alerts are open, on .*, with 3 folded under them\./)).toBeVisible();
  await expect(page.getByRole("link", { name: /Alerts.*2 alerts that nobody has taken on/ }).first()).toBeVisible();
  await expect(page.getByRole("button", { name: /api is failing because of execution/ })).toHaveCount(1);
});

test("an objective that burns before any alert is due is not called on track", async ({ page }) => {
  await choose(page, "down");
  await page.goto("/slos");
  await expect(
    page.getByText(/api availability.* burns its budget at 421× \(page above 14\.4×\), and no alert is due yet/),
  ).toBeVisible();
  const row = page.getByRole("row").filter({ has: page.getByRole("link", { name: "api availability" }) });
  await expect(row).toContainText("at risk");
  await expect(row).toContainText("421×page above 14.4×");
  await row.getByRole("link", { name: "api", exact: true }).click();
  await expect(page).toHaveURL(/\/services\/api$/);
  await expect(page.getByText("burns at 421× (page above 14.4×)")).toBeVisible();
});

const services = (page: Page) => page.getByRole("table", { name: /Services/ });

test("the columns of the fleet are chosen, kept in the address, and remembered", async ({ page, troubles }) => {
  await choose(page, "full");
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.goto("/");
  await settled(page);
  await expect(services(page).getByRole("columnheader", { name: "Owner" })).toBeVisible();
  await page.getByRole("button", { name: "Columns" }).click();
  await page.getByRole("checkbox", { name: "Owner" }).uncheck();
  await page.getByRole("checkbox", { name: "Uptime, 24 h" }).check();
  await expectAccessible(page);
  await page.screenshot({ path: "test-results/pages/fleet-columns.png" });
  await page.keyboard.press("Escape");
  await expect(page.getByRole("checkbox", { name: "Owner" })).toBeHidden();
  await expect(page).toHaveURL(/columns=/);
  await page.goto("/");
  await expect(services(page).getByRole("columnheader", { name: "Uptime, 24 h" })).toBeVisible();
  await expect(services(page).getByRole("columnheader", { name: "Owner" })).toHaveCount(0);
  await expect(page).toHaveURL(/columns=/);
  const usual = page.getByRole("button", { name: "As usual" });
  // The table is drawn anew at the other address, which may close a menu that was just opened.
  await expect(async () => {
    if (!(await usual.isVisible())) await page.getByRole("button", { name: "Columns" }).click();
    await usual.click({ timeout: 2_000 });
  }).toPass();
  await expect(services(page).getByRole("columnheader", { name: "Owner" })).toBeVisible();
  await expect(page).not.toHaveURL(/columns=/);
  expect(troubles).toEqual([]);
});

for (const width of [1440, 390]) {
  test(`maintenance is started for several services at once, and undone, ${width} wide`, async ({ page, troubles }) => {
    await choose(page, "full", { own: `bulk${width}` });
    await page.setViewportSize({ width, height: 900 });
    await page.goto("/");
    await settled(page);
    await page.getByRole("checkbox", { name: "Select api" }).check();
    await page.getByRole("checkbox", { name: "Select data" }).check();
    // The third by keyboard alone.
    await page.locator("body").press("j");
    await page.locator("body").press("x");
    const bar = page.getByRole("region", { name: "For the selected services" });
    await expect(bar).toContainText("3 services selected");
    await page.getByLabel("Filter by name, owner or words").fill("api");
    await expect(bar).toContainText("3 services selected (2 not shown)");
    await expectAccessible(page);
    await expectNoSidewaysScroll(page);
    await page.screenshot({ path: `test-results/pages/fleet-bulk-${width}.png` });
    await bar.getByRole("button", { name: "Start maintenance…" }).click();
    const dialog = page.getByRole("dialog", { name: "New maintenance: 3 services" });
    await expect(dialog.getByText(/^(execution, api and data|.*api.*)$/).first()).toBeVisible();
    await dialog.getByLabel(/Reason/).fill("moving racks");
    await dialog.getByRole("button", { name: "Start maintenance" }).click();
    await expect(page.getByText("Maintenance of 3 services is set.")).toBeVisible();
    await expect(bar).toBeHidden();
    const set = async () =>
      (await (await page.request.get("/api/v1/maintenance")).json()).items.filter(
        (each: { reason: string }) => each.reason === "moving racks",
      ).length;
    expect(await set()).toBe(3);
    await page.getByRole("button", { name: "Undo" }).click();
    await expect.poll(set).toBe(0);
    expect(troubles).toEqual([]);
  });
}

test("the lines of a large fleet are fetched for the rows in sight, many at once", async ({ page }) => {
  await choose(page, "large");
  await page.setViewportSize({ width: 1440, height: 900 });
  const asked: number[] = [];
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.pathname === "/api/v1/trends") asked.push(url.searchParams.get("service")?.split(",").length ?? 0);
  });
  await page.goto("/");
  await expect(page.getByText(/of 10.000 services are up/)).toBeVisible({ timeout: 20_000 });
  await expect(page.getByRole("img", { name: /95th percentile of the latency/ }).first()).toBeVisible();
  await page.mouse.wheel(0, 40_000);
  await expect.poll(() => asked.length).toBeGreaterThan(1);
  await settled(page);
  expect(asked.length).toBeLessThan(8);
  expect(Math.max(...asked)).toBeLessThan(60);
  await page.getByRole("checkbox", { name: "Select all that are shown" }).check();
  await expect(page.getByText(/^10.000 services selected/)).toBeVisible();
});

test("an acknowledgement shows at once and can be undone", async ({ page }) => {
  await choose(page, "down", { own: "acknowledged" });
  await page.goto("/alerts");
  await page.getByRole("button", { name: /execution burns its budget/ }).click();
  await page.getByRole("button", { name: "Acknowledge", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(/Who are you/).fill("Sam");
  await dialog.getByRole("button", { name: "Acknowledge" }).click();
  await expect(page.getByText("acknowledged by Sam").first()).toBeVisible();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByText("acknowledged by Sam")).toHaveCount(0);
});

test("a new webhook shows its secret once", async ({ page }) => {
  await choose(page, "full");
  await page.goto("/deliveries");
  await page.getByRole("button", { name: "New webhook" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(/Name/).fill("night shift");
  await dialog.getByLabel(/Address/).fill("https://pager.example/hook");
  await dialog.getByRole("button", { name: "New webhook" }).click();
  await expect(dialog.getByText(/^whsec_/)).toBeVisible();
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "I have copied it" }).click();
  await expect(page.getByRole("strong").filter({ hasText: "night shift" }).last()).toBeVisible();
  await expect(page.getByText(/^whsec_/)).toHaveCount(0);
  await page.getByRole("button", { name: "Send test: night shift" }).last().click();
  await expect(page.getByRole("heading", { name: "Attempts" })).toBeVisible();
});

test("files are looked at before they change anything", async ({ page, troubles }) => {
  await choose(page, "full", { own: "imported" });
  await page.goto("/imports");
  await settled(page);
  await page
    .locator("input[type=file]")
    .first()
    .setInputFiles([
      { name: "service_registry.json", mimeType: "application/json", buffer: Buffer.from("{}") },
      { name: "logo.png", mimeType: "image/png", buffer: Buffer.from([0x89, 0x50, 0xff, 0xfe]) },
    ]);
  await expect(page.getByRole("heading", { name: "Preview" })).toBeVisible();
  await expect(page.getByText("Nothing has been changed yet.")).toBeVisible();
  await expect(page.getByText(/1 was left out\./)).toBeVisible();
  const left = page.getByRole("listitem").filter({ hasText: "logo.png" });
  await expect(left).toContainText("left out");
  await expect(left).toContainText("it is no text");
  await page.screenshot(look("import-preview"));
  await expectAccessible(page);
  const applied = page.waitForRequest((request) => request.url().includes("/imports") && request.method() === "POST");
  await page.getByRole("button", { name: "Apply this import" }).click();
  expect((await applied).postDataJSON()).toMatchObject({
    dry_run: false,
    left_out: [{ path: "logo.png", kind: "binary", note: "it is no text" }],
  });
  await expect(page.getByText(/Imported: 10 services/)).toBeVisible();
  expect(troubles).toEqual([]);
});

test("a fleet of three minutes' age shows those, and says when its history begins", async ({ page }) => {
  await choose(page, "young");
  await page.goto("/");
  await settled(page);
  await expect(page.getByLabel("Time range")).toHaveValue("");
  await expect(page.getByRole("columnheader", { name: /History, last 10.min/ })).toBeVisible();
  await page.screenshot(look("fleet-young"));
  await page.goto("/services/data");
  await settled(page);
  await expect(page.getByText(/history begins \d.min ago/)).toHaveCount(2);
  await page.screenshot(look("service-young"));
  await page.goto("/slos");
  await page.getByRole("link", { name: "data availability" }).click();
  await expect(page.getByText(/promised \d.min ago/)).toBeVisible();
  await settled(page);
  await page.screenshot(look("slo-young"));
  await page.getByLabel("Time range").first().selectOption("24h");
  await expect(page).toHaveURL(/range=24h/);
});

test("a lost connection is shown, and found again", async ({ page, context }) => {
  await choose(page, "full");
  await page.goto("/");
  await expect(page.getByRole("status").filter({ hasText: "Live" })).toBeVisible();
  await context.setOffline(true);
  await expect(page.getByRole("status").filter({ hasText: "Offline" })).toBeVisible();
  await expect(page.getByText(/What is shown is what was last known/)).toBeVisible();
  await page.screenshot(look("offline"));
  await context.setOffline(false);
  await expect(page.getByRole("status").filter({ hasText: "Live" })).toBeVisible({ timeout: 20_000 });
});

test("ten thousand services stay usable", async ({ page, troubles }) => {
  await choose(page, "large");
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.goto("/");
  await expect(page.getByText(/of 10.000 services are up/)).toBeVisible({ timeout: 20_000 });
  await settled(page);
  await page.screenshot({ path: "test-results/pages/fleet-large-light-wide.png" });
  await expect(page.getByText(/The map shows/)).toBeVisible();
  const rows = page.getByRole("table", { name: /Services/ }).getByRole("row");
  expect(await rows.count()).toBeLessThan(60);
  const started = Date.now();
  await page.getByLabel("Filter by name, owner or words").fill("ledger-0500");
  await expect(
    page
      .getByRole("table", { name: /Services/ })
      .getByRole("link")
      .first(),
  ).toHaveText(/ledger-0500/);
  expect(Date.now() - started).toBeLessThan(2500);
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);
  expect(troubles).toEqual([]);
});

test("a service fails and recovers before the eyes of whoever watches", async ({ page, request }) => {
  await choose(page, "full");
  await page.goto("/");
  await settled(page);
  await expect(page.getByText("All 10 services are up.")).toBeVisible();
  const cookie = { cookie: "fixture=full" };
  await request.post("/__fixture/fail", { headers: cookie });
  await expect(page.getByText(/has been down for/)).toBeVisible();
  await expect(page.getByLabel(/^execution: down/)).toBeVisible();
  await expect(page.getByLabel(/^web: degraded, because of execution/)).toBeVisible();
  await request.post("/__fixture/heal", { headers: cookie });
  await expect(page.getByText("All 10 services are up.")).toBeVisible();
});
