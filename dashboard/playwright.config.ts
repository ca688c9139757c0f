import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";

// The browser is Debian's Chromium when it is there, so that nothing is downloaded; otherwise Playwright's own.
const debian = process.env.MAINSTAY_TEST_CHROMIUM ?? "/usr/bin/chromium";
const port = Number(process.env.FIXTURE_PORT ?? 4173);

export default defineConfig({
  testDir: "tests/browser",
  outputDir: "test-results/artifacts",
  reporter: [["list"]],
  timeout: 45_000,
  fullyParallel: true,
  workers: 2,
  // A busy machine may make a page late once; Playwright reports such a test as flaky.
  retries: process.env.CI ? 1 : 0,
  forbidOnly: Boolean(process.env.CI),
  use: {
    baseURL: `http://127.0.0.1:${port}`,
    timezoneId: "Europe/Berlin",
    locale: "en-GB",
    reducedMotion: "reduce",
    launchOptions: {
      ...(existsSync(debian) ? { executablePath: debian } : {}),
      args: ["--no-sandbox", "--font-render-hinting=none"],
    },
  },
  webServer: {
    command: `node dev/fixture-server.mjs --port ${port} --site test-results/site`,
    url: `http://127.0.0.1:${port}/`,
    reuseExistingServer: !process.env.CI,
  },
});
