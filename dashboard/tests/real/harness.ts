// What the tests against the real program share: one demo, a list of what the browser complained about, and pictures.
import { test as base, expect, type Page } from "@playwright/test";
import { expectAccessible, expectNoSidewaysScroll } from "../browser/harness";
import { Demo } from "./demo";

export const test = base.extend<{ troubles: string[] }, { demo: Demo }>({
  demo: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures that are wanted from this pattern
    async ({}, use) => {
      const demo = await Demo.start();
      await use(demo);
      await demo.stop();
    },
    { scope: "worker", timeout: 120_000 },
  ],
  baseURL: async ({ demo }, use) => use(demo.address),
  troubles: async ({ context }, use) => {
    const troubles: string[] = [];
    context.on("weberror", (error) => troubles.push(`exception: ${error.error().message}`));
    context.on("console", (message) => {
      if (message.type() === "error" && !message.text().includes("Failed to load resource")) {
        troubles.push(`${message.page()?.url()}: ${message.text()}`);
      }
    });
    context.on("response", (response) => {
      if (response.status() >= 500) troubles.push(`${response.status()} from ${response.url()}`);
    });
    await use(troubles);
    expect(troubles, "the browser has nothing to complain about").toEqual([]);
  },
});

export { expect };

/** Nothing is being fetched for the first time, and nothing moves. */
export async function settled(page: Page) {
  // A page behind another one is painted at leisure, and axe opens and closes a page of its own.
  await page.bringToFront();
  await expect(page.locator("h1")).toBeVisible();
  await expect(page.locator("[aria-busy=true]")).toHaveCount(0);
  await page.evaluate(() => document.fonts.ready);
  // Two frames: what watches its own size or the colour scheme has been told, and has begun to change.
  await twoFrames(page);
  await page.waitForFunction(() =>
    document
      .getAnimations()
      .every(
        (each) => each.playState !== "running" || each.effect?.getTiming().iterations === Number.POSITIVE_INFINITY,
      ),
  );
  await twoFrames(page);
}

function twoFrames(page: Page) {
  return page.evaluate(
    () => new Promise<void>((done) => requestAnimationFrame(() => requestAnimationFrame(() => done()))),
  );
}

const sizes = { wide: { width: 1440, height: 900 }, narrow: { width: 390, height: 844 } };

/** Dark and light, wide and narrow: a picture of each, no sideways scroll; in both colours, nothing for axe to find. */
export async function inspect(page: Page, name: string) {
  for (const [size, viewport] of Object.entries(sizes)) {
    for (const scheme of ["dark", "light"] as const) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      await settled(page);
      // As tall as the page: what keeps to the window's edges stands at the edges of the picture.
      const height = await page.evaluate(() => document.documentElement.scrollHeight);
      await page.setViewportSize({ width: viewport.width, height: Math.max(viewport.height, height) });
      await settled(page);
      await page.screenshot({ path: `test-results/real/${name}-${scheme}-${size}.png` });
      await expectNoSidewaysScroll(page, `on ${name}, ${size}`);
      if ((size === "wide") === (scheme === "dark")) await expectAccessible(page);
    }
  }
  await page.setViewportSize(sizes.wide);
}
