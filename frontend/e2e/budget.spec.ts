import { gzipSync } from "node:zlib";
import type { Page } from "@playwright/test";
import { expect, test } from "./app";

const LIMIT_KILOBYTES = 190;

/** The JavaScript that a page loads before it rests, gzipped, in kilobytes. */
async function weigh(page: Page, path: string): Promise<number> {
  let bytes = 0;
  const bodies: Promise<void>[] = [];
  page.on("response", (response) => {
    if (response.request().resourceType() !== "script") return;
    bodies.push(
      response.body().then((body) => {
        bytes += gzipSync(body, { level: 9 }).length;
      }),
    );
  });
  await page.goto(path, { waitUntil: "networkidle" }).catch(() => {});
  await Promise.all(bodies);
  return bytes / 1000;
}

test("the sign-in page loads little JavaScript", async ({ page }) => {
  const size = await weigh(page, "/signin");
  console.log(`/signin: ${size.toFixed(1)} kB`);
  expect(size).toBeLessThanOrEqual(LIMIT_KILOBYTES);
});

test("the list page loads little JavaScript", async ({ page, account: _ }) => {
  page.setDefaultNavigationTimeout(8_000);
  const size = await weigh(page, "/inbox");
  console.log(`/inbox: ${size.toFixed(1)} kB`);
  expect(size).toBeLessThanOrEqual(LIMIT_KILOBYTES);
});
