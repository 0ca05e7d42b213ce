/** Browser tests on Debian's Chromium, against the real stack: PostgreSQL, API, relay and the built web app. */
import { defineConfig } from "@playwright/test";
import { E2E } from "./e2e/stack-settings.mjs";

export default defineConfig({
  testDir: "e2e",
  fullyParallel: true,
  workers: 2,
  forbidOnly: true,
  retries: 1, // and the report calls it flaky
  timeout: 90_000,
  expect: { timeout: 10_000 },
  reporter: [["list"], ["./e2e/no-skips.ts"]],
  use: {
    baseURL: E2E.url,
    viewport: { width: 1280, height: 800 },
    trace: "retain-on-failure",
    launchOptions: { executablePath: E2E.chromium, args: ["--no-sandbox"] },
  },
  webServer: E2E.external
    ? undefined
    : {
        command: "node e2e/stack.mjs",
        url: `${E2E.url}/readyz`,
        timeout: 120_000,
        gracefulShutdown: { signal: "SIGTERM", timeout: 10_000 },
      },
});
