// Every page, in every mode, in dark and light, wide and narrow: accessible, nothing refused by the content security
// policy, no sideways scroll, and a picture to look at.
import { choose, expect, expectAccessible, expectNoSidewaysScroll, type Mode, settled, test } from "./harness";

const pages: Record<string, string> = {
  fleet: "/",
  service: "/services/execution",
  checks: "/checks",
  slos: "/slos",
  alerts: "/alerts",
  deliveries: "/deliveries",
  imports: "/imports",
  maintenance: "/maintenance",
  jobs: "/jobs",
  schedules: "/jobs?view=schedules",
  events: "/jobs?view=events",
  replicas: "/jobs?view=replicas",
  mainstay: "/mainstay",
};

const sizes = { wide: { width: 1440, height: 900 }, narrow: { width: 390, height: 844 } };

const modes: Mode[] = ["full", "down", "empty", "broken"];

for (const mode of modes) {
  for (const [name, path] of Object.entries(pages)) {
    for (const scheme of ["light", "dark"] as const) {
      for (const [size, viewport] of Object.entries(sizes)) {
        test(`${name} is sound when ${mode}, ${scheme}, ${size}`, async ({ page, troubles }) => {
          await choose(page, mode, { scheme });
          await page.setViewportSize(viewport);
          await page.goto(path);
          await settled(page);
          await page.screenshot({ path: `test-results/pages/${name}-${mode}-${scheme}-${size}.png`, fullPage: true });
          await expectNoSidewaysScroll(page);
          await expectAccessible(page);
          expect(troubles).toEqual([]);
        });
      }
    }
  }
}

test("every page fits a screen of 320 pixels", async ({ page }) => {
  await choose(page, "down");
  await page.setViewportSize({ width: 320, height: 640 });
  for (const path of Object.values(pages)) {
    await page.goto(path);
    await settled(page);
    await expectNoSidewaysScroll(page, path);
  }
});
