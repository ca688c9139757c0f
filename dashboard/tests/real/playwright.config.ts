// The dashboard as the real program serves it, against the real demo fleet. The fleet is one, so the tests take turns.
import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";

const chromium = process.env.MAINSTAY_TEST_CHROMIUM ?? "/usr/bin/chromium";

export default defineConfig({
  testDir: ".",
  outputDir: "../../test-results/real-artifacts",
  reporter: [["list"]],
  timeout: 120_000,
  expect: { timeout: 15_000 },
  workers: 1,
  forbidOnly: Boolean(process.env.CI),
  use: {
    timezoneId: "Europe/Berlin",
    locale: "en-GB",
    viewport: { width: 1440, height: 900 },
    reducedMotion: "reduce",
    launchOptions: {
      ...(existsSync(chromium) ? { executablePath: chromium } : {}),
      args: ["--no-sandbox", "--font-render-hinting=none"],
    },
  },
});
