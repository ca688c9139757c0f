// What a person does on the other pages, against the real program.
import { Receiver } from "./demo";
import { expect, inspect, settled, test } from "./harness";

test.beforeAll(async ({ demo }) => demo.allUp());

test("a service page shows where the time of a probe went and where each fact comes from", async ({
  page,
  troubles: _,
}) => {
  await page.goto("/services/data");
  await settled(page);
  await expect(page.getByRole("heading", { name: /^Last success(?! against)/ })).toBeVisible();
  await expect(page.getByText("wait for first byte").first()).toBeVisible();
  await page.getByRole("button", { name: "Run all checks now" }).click();
  await expect(page.getByText(/Ran \d+ checks: all passed/)).toBeVisible();
  const facts = page.getByRole("table").filter({ has: page.getByRole("rowheader", { name: /health/i }) });
  await expect(facts.getByText(/service_registry\.json:\d+/).first()).toBeVisible();
  await expect(facts.getByText(/services\.yaml:\d+/).first()).toBeVisible();
  await inspect(page, "service");
});

test("each row of the fleet shows how the service did lately", async ({ page, troubles: _ }) => {
  await page.goto("/");
  await settled(page);
  const row = page
    .getByRole("table", { name: /Services/ })
    .getByRole("row")
    .filter({ has: page.getByRole("link", { name: "auth", exact: true }) });
  await expect(row).toContainText(/\d\s*%/);
  for (const name of [/Availability of auth/, /95th percentile of the latency of auth/]) {
    // A fleet of a minute's age has measured once, which is a dot.
    await expect(row.getByRole("img", { name }).locator('path[d^="M"]').first()).toBeAttached();
  }
});

test("one objective shows how its budget went", async ({ page, troubles: _ }) => {
  await page.goto("/slos");
  await page
    .getByRole("table", { name: /Objectives/ })
    .getByRole("link", { name: "data-availability" })
    .click();
  await expect(page.getByRole("heading", { name: "Budget burn-down" })).toBeVisible();
  await inspect(page, "slo");
});

test("a contradictory registry is shown before it changes anything, then imported", async ({
  page,
  demo,
  troubles: _,
}) => {
  const registry = `{
  "version": "1.2",
  "services": {
    "billing": {
      "name": "billing",
      "port": 8101,
      "base_url": "http://127.0.0.1:8101",
      "health_url": "http://127.0.0.1:8199/health",
      "dependencies": ["ledger", "nobody-knows-this"]
    },
    "ledger": {
      "name": "ledger",
      "port": 8101,
      "base_url": "http://127.0.0.1:8101",
      "health_url": "http://127.0.0.1:8101/health",
      "dependencies": ["billing"]
    }
  }
}
`;
  await page.goto("/imports");
  await settled(page);
  await page
    .locator("input[type=file]")
    .first()
    .setInputFiles([{ name: "billing_registry.json", mimeType: "application/json", buffer: Buffer.from(registry) }]);
  await expect(page.getByRole("heading", { name: "Preview" })).toBeVisible();
  await expect(page.getByText("Nothing has been changed yet.")).toBeVisible();
  const findings = page.getByRole("article");
  const unknown = findings.filter({ hasText: "nobody-knows-this" }).first();
  await expect(unknown.getByRole("figure").first()).toContainText(/billing_registry\.json:\d+/);
  await expect(unknown.locator("[data-marked]").first()).toContainText("nobody-knows-this");
  await expect(findings.filter({ hasText: "8101" }).first()).toBeVisible();
  await inspect(page, "import-preview");
  expect((await demo.states()).map((each) => each.service)).not.toContain("billing");

  await page.getByRole("button", { name: "Apply this import" }).click();
  await expect(page.getByText(/Imported: \d+ services known/)).toBeVisible();
  await settled(page);
  await inspect(page, "imports");
  await page.goto("/");
  await expect(
    page.getByRole("table", { name: /Services/ }).getByRole("link", { name: "billing", exact: true }),
  ).toBeVisible();
});

test("a check made by hand is run, paused and resumed", async ({ page, demo, request, troubles: _ }) => {
  const { items } = await demo.get<{ items: { service: string; target: string }[] }>("/checks?service=auth&limit=1");
  const made = await request.post("/api/v1/checks", {
    data: { name: "quick answer", service: "auth", target: items[0]?.target, interval_ms: 3_600_000 },
  });
  expect(made.status(), await made.text()).toBe(201);
  await page.goto("/checks");
  await page.getByLabel(/Filter by name/).fill("quick answer");
  await page.getByRole("table").getByText("quick answer").click();
  const heading = page.getByRole("heading", { name: /quick answer/ });
  await expect(heading).toBeVisible();
  await page.getByRole("button", { name: "Run now" }).click();
  await expect(page.getByText(/quick answer passed in/)).toBeVisible();
  await expect(page.getByRole("row").filter({ hasText: "by hand" }).first()).toContainText("passed");
  await inspect(page, "checks");
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  await expect(heading).toContainText("paused");
  await page.getByRole("button", { name: "Resume", exact: true }).click();
  await expect(heading).not.toContainText("paused");
});

test("maintenance is set, shown everywhere, and ended", async ({ page, context, troubles: _ }) => {
  const fleet = await context.newPage();
  await fleet.goto("/");
  await settled(fleet);
  await page.goto("/maintenance");
  await page.getByRole("button", { name: "New maintenance" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Service").selectOption("monitor");
  await dialog.getByLabel(/Reason/).fill("moving the database");
  await dialog.getByRole("button", { name: "Start maintenance" }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByText(/monitor is in maintenance/)).toBeVisible();
  await expect(page.getByRole("listitem").filter({ hasText: "moving the database" })).toContainText("running");
  await expect(fleet.getByText(/monitor is in maintenance/)).toBeVisible();
  await inspect(page, "maintenance");
  await page.getByRole("button", { name: "End…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "End maintenance" }).click();
  await expect(page.getByText("No maintenance is running.")).toBeVisible();
  await expect(fleet.getByText(/monitor is in maintenance/)).toHaveCount(0);
});

test("a webhook shows its secret once and receives a signed test", async ({ page, troubles: _ }) => {
  const receiver = await Receiver.open();
  try {
    await page.goto("/deliveries");
    await page.getByRole("button", { name: "New webhook" }).first().click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(/Name/).fill("night shift");
    await dialog.getByLabel(/Address/).fill(receiver.url);
    await dialog.getByRole("button", { name: "New webhook" }).click();
    await expect(dialog.getByText(/^whsec_/)).toBeVisible();
    await inspect(page, "webhook-secret");
    await dialog.getByRole("button", { name: "I have copied it" }).click();
    await expect(dialog).toBeHidden();
    await expect(page.getByText(/^whsec_/)).toHaveCount(0);
    await page.reload();
    await settled(page);
    await expect(page.getByText(/whsec_/)).toHaveCount(0);
    await page.getByRole("button", { name: "Send test: night shift" }).click();
    await expect(page.getByRole("heading", { name: "Attempts" })).toBeVisible();
    await expect(page.getByText("HTTP 204")).toBeVisible();
    await expect.poll(() => receiver.got.length).toBe(1);
    expect(receiver.got[0]?.headers["webhook-signature"]).toMatch(/^v1,/);
    await inspect(page, "webhook-test");
  } finally {
    receiver.close();
  }
});

test("Mainstay shows how it is doing itself", async ({ page, troubles: _ }) => {
  await page.goto("/mainstay");
  await expect(page.getByRole("heading", { name: "Tasks" })).toBeVisible();
  await expect(page.getByText("SQLite, embedded")).toBeVisible();
  await inspect(page, "mainstay");
});
