import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { type Account, details, expect, quickAdd, test, titleOf } from "./app";

/** An account with something on every page. */
async function furnish(account: Account): Promise<string> {
  const day = (ahead: number) => new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10);
  const project = (await account.api("POST", "projects", { name: "Home", colour: "#16a34a" })) as { id: string };
  const label = (await account.api("POST", "labels", { name: "errand", colour: "#db2777" })) as { id: string };
  await account.api("POST", "todos/bulk", {
    commands: [
      {
        op: "create",
        data: {
          title: "Pay rent",
          due_on: day(-2),
          priority: 1,
          project: project.id,
          labels: [label.id],
          recurrence: "FREQ=MONTHLY",
        },
      },
      {
        op: "create",
        data: {
          title: "Buy oat milk and a very long list of other things that does not fit on one line of a small screen",
          due_on: day(0),
          labels: [label.id],
        },
      },
      {
        op: "create",
        data: {
          title: "Call Ann",
          due_at: `${day(1)}T09:00:00Z`,
          priority: 2,
          notes: "About **Friday**, see [map](https://example.com)",
        },
      },
      { op: "create", data: { title: "Someday", priority: 3 } },
    ],
  });
  const { id } = (await account.api("POST", "todos", { title: "Old" })) as { id: string };
  await account.api("DELETE", `todos/${id}`);
  return project.id;
}

const PAGES = [
  "/inbox",
  "/today",
  "/upcoming",
  "/search",
  "/search?q=milk",
  "/trash",
  "/activity",
  "/notifications",
  "/settings",
];

async function check(page: Page, name: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(
    violations.map(({ id, nodes }) => `${name}: ${id} at ${nodes.map((node) => node.target).join(" | ")}`),
  ).toEqual([]);
}

for (const theme of ["light", "dark"] as const) {
  test(`every page passes axe in the ${theme} theme`, async ({ page, account, context, baseURL }) => {
    test.setTimeout(300_000);
    await context.addCookies([{ name: "theme", value: theme, url: baseURL ?? "" }]);
    const project = await furnish(account);
    for (const path of [...PAGES, `/projects/${project}`, `/projects/${project}?view=priority`]) {
      await page.goto(path);
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      await page.waitForTimeout(600);
      await check(page, path);
    }
    await page.goto("/inbox");
    await quickAdd(page).fill("Pay rent tomorrow 9am #home p1");
    await titleOf(page, "Call Ann").click();
    await expect(details(page)).toBeVisible();
    await check(page, "details");
    await details(page).getByRole("button", { name: /^Due/ }).click();
    await expect(page.getByRole("grid")).toBeVisible();
    await check(page, "due picker");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    await titleOf(page, "Call Ann").click({ modifiers: ["Control"] });
    await expect(page.getByRole("region", { name: "Bulk actions" })).toBeVisible();
    await check(page, "bulk actions");
    await page.keyboard.press("?");
    await expect(page.getByRole("dialog")).toBeVisible();
    await check(page, "keys");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+k");
    await expect(page.getByRole("combobox", { name: "Search commands and todos" })).toBeVisible();
    await check(page, "palette");
  });

  test(`the pages before signing in pass axe in the ${theme} theme`, async ({ page, context, baseURL }) => {
    await context.addCookies([{ name: "theme", value: theme, url: baseURL ?? "" }]);
    for (const path of ["/signin", "/signup"]) {
      await page.goto(path);
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      await check(page, path);
    }
  });
}

for (const width of [320, 768, 1440]) {
  test(`nothing sticks out at ${width} pixels`, async ({ page, account }) => {
    test.setTimeout(90_000);
    await page.setViewportSize({ width, height: 800 });
    const project = await furnish(account);
    for (const path of [...PAGES, `/projects/${project}`, `/projects/${project}?view=label`]) {
      await page.goto(path);
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      const wide = await page.evaluate(() => {
        const main = document.querySelector("main");
        return Math.max(
          document.documentElement.scrollWidth - innerWidth,
          (main?.scrollWidth ?? 0) - (main?.clientWidth ?? 0),
        );
      });
      expect(wide, path).toBeLessThanOrEqual(0);
    }
  });
}

test("a small screen has everything in its drawer", async ({ page, account: _ }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  await page.goto("/inbox");
  await page.getByRole("button", { name: "Open navigation" }).click();
  await page.getByRole("dialog", { name: "Navigation" }).getByRole("link", { name: "Upcoming" }).click();
  await expect(page.getByRole("heading", { name: "Upcoming", level: 1 })).toBeVisible();
  await expect(page.getByRole("dialog", { name: "Navigation" })).toBeHidden();
  await page.getByRole("button", { name: "Add a todo" }).click();
  await page.getByRole("dialog").getByRole("textbox", { name: "Add a todo" }).fill("By thumb today");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("checkbox", { name: "By thumb" })).toBeVisible();
});
