// What every browser test shares: a fleet in a chosen mode, a collected list of troubles, and the accessibility check.
import AxeBuilder from "@axe-core/playwright";
import { test as base, expect, type Page } from "@playwright/test";

export type Mode = "full" | "down" | "empty" | "broken" | "large" | "young";

interface Fixtures {
  /** Everything the browser complained about: exceptions, and what the content security policy refused. */
  troubles: string[];
}

export const test = base.extend<Fixtures>({
  troubles: async ({ page }, use) => {
    const troubles: string[] = [];
    page.on("pageerror", (error) => troubles.push(`exception: ${error.message}`));
    page.on("console", (message) => {
      const text = message.text();
      if (message.type() === "error" && !text.includes("Failed to load resource")) troubles.push(text);
    });
    await use(troubles);
  },
});

export { expect };

interface Choice {
  scheme?: "light" | "dark";
  /** A world of this name, for tests that change something or count exactly: others run at the same time. */
  own?: string;
}

export async function choose(page: Page, mode: Mode, { scheme = "light", own }: Choice = {}) {
  const url = test.info().project.use.baseURL ?? "";
  await page.context().addCookies([{ name: "fixture", value: own ? `${mode}_${own}` : mode, url }]);
  await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
}

export async function expectAccessible(page: Page) {
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"])
    .analyze();
  const found = violations.map(
    (violation) =>
      `${violation.id}: ${violation.nodes
        .map((node) => `${node.target.join(" ")} ${node.failureSummary ?? ""}`)
        .slice(0, 4)
        .join("\n   ")}`,
  );
  expect(found, "axe found nothing").toEqual([]);
}

export async function expectNoSidewaysScroll(page: Page, where = "") {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  expect(content, `no horizontal scrolling ${where}`).toBeLessThanOrEqual(window ?? 0);
}

/** The page is complete: no grey bars, and the charts and the map have arrived. */
export async function settled(page: Page) {
  await expect(page.locator("h1")).toBeVisible();
  await expect(page.locator("[aria-busy=true]")).toHaveCount(0, { timeout: 15_000 });
  await page.evaluate(() => document.fonts.ready);
  await page.waitForTimeout(350);
}
