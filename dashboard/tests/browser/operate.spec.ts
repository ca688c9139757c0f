// What an operator does about durable work, in a real browser.
import { choose, expect, expectAccessible, expectNoSidewaysScroll, settled, test } from "./harness";

const look = (name: string) => ({ path: `test-results/pages/${name}.png`, fullPage: true });

for (const scheme of ["light", "dark"] as const) {
  for (const width of [1440, 390]) {
    const as = `${scheme}-${width === 1440 ? "wide" : "narrow"}`;
    test(`a failed job and a dead letter are shown in full, ${as}`, async ({ page, troubles }) => {
      await choose(page, "down", { scheme });
      await page.setViewportSize({ width, height: 900 });
      await page.goto("/jobs");
      await page.getByRole("button", { name: /^slo\.deliver the receiver at https/ }).click();
      await expect(page.getByRole("heading", { name: "What it was given" })).toBeVisible();
      await settled(page);
      await page.screenshot(look(`job-detail-${as}`));
      await expectNoSidewaysScroll(page);
      await expectAccessible(page);
      await page.goto("/jobs?view=events");
      await page.getByRole("button", { name: /^catalog\.service execution-old/ }).click();
      await expect(page.getByRole("heading", { name: "What happened" })).toBeVisible();
      await settled(page);
      await page.screenshot(look(`parked-detail-${as}`));
      await expectNoSidewaysScroll(page);
      await expectAccessible(page);
      expect(troubles).toEqual([]);
    });
  }
}

test("a failed job is found by its count and run again, which can be taken back", async ({ page }) => {
  await choose(page, "down", { own: "again" });
  await page.goto("/jobs");
  await expect(page.getByText("1 job failed in the last week.")).toBeVisible();
  await page.getByRole("button", { name: "Show the 1 failed jobs of deliveries" }).click();
  await expect(page).toHaveURL(/state=failed/);
  await page.getByRole("button", { name: "Run slo.deliver again" }).click();
  await expect(page.getByText("slo.deliver runs again.")).toBeVisible();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByLabel("State").selectOption("cancelled");
  await expect(page.getByRole("button", { name: /^slo\.deliver cancelled before it ran/ })).toBeVisible();
});

test("a running job is asked to stop only after a question", async ({ page }) => {
  await choose(page, "full", { own: "cancelled" });
  await page.goto("/jobs");
  await page.getByRole("button", { name: "Cancel store.backup" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByText(/What it has committed by then stays/)).toBeVisible();
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Cancel this job" }).click();
  await expect(page.getByText("store.backup was asked to stop.")).toBeVisible();
  await expect(page.getByText("stopping")).toBeVisible();
});

test("a schedule is held back, and that can be undone", async ({ page }) => {
  await choose(page, "full", { own: "paused" });
  await page.goto("/jobs?view=schedules");
  await expect(page.getByText(/every day at 03:30/)).toBeVisible();
  await page.getByRole("button", { name: "Pause nightly-backup" }).click();
  await expect(page.getByRole("button", { name: "Resume nightly-backup" })).toBeVisible();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByRole("button", { name: "Pause nightly-backup" })).toBeVisible();
});

test("a dead letter is discarded only after a question, and the rest replayed together", async ({ page }) => {
  await choose(page, "down", { own: "letters" });
  await page.goto("/jobs?view=events");
  await page.getByRole("button", { name: "Discard event 1812 of slo.follow-catalog" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByText(/cannot be undone/)).toBeVisible();
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Discard this event" }).click();
  await expect(page.getByText(/Event 1812 was discarded/)).toBeVisible();
  await page.getByRole("button", { name: "Replay everything that slo.follow-catalog put aside" }).click();
  await expect(page.getByText("slo.follow-catalog tries 2 events again.")).toBeVisible();
  await expect(page.getByText("Nothing is put aside")).toBeVisible();
});

test("a role that nobody has is named with the command that mends it", async ({ page }) => {
  await choose(page, "down");
  await page.goto("/jobs?view=replicas");
  await expect(page.getByText("Held by nobody")).toBeVisible();
  await expect(page.getByText("No replica has the role page, so nobody does this work.")).toBeVisible();
  await expect(page.getByText("mainstay up --roles page")).toBeVisible();
  await page.keyboard.press("g");
  await page.keyboard.press("s");
  await expect(page).toHaveURL(/\/mainstay/);
  await page.keyboard.press("g");
  await page.keyboard.press("w");
  await expect(page).toHaveURL(/\/jobs/);
});
