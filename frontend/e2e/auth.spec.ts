import { complaints, expect, PASSWORD, test } from "./app";

test("someone signs up, signs out and signs in again", async ({ page }) => {
  const email = `e2e-${crypto.randomUUID()}@example.com`;
  await page.goto("/");
  await expect(page).toHaveURL(/\/signin$/);
  await page.getByRole("link", { name: "Create an account" }).click();
  await expect(page.getByRole("heading", { name: "Create your account" })).toBeVisible();
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("heading", { name: "Inbox" })).toBeVisible();
  await expect(page.getByText("Your Inbox is clear")).toBeVisible();

  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/signin$/);
  await page.goto("/upcoming");
  await expect(page).toHaveURL(/\/signin\?next=%2Fupcoming$/);

  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { name: "Upcoming", level: 1 })).toBeVisible();
});

test("a wrong password is refused in words, and a foreign address is not followed", async ({ page, quiet }) => {
  await page.goto("/signin?next=//example.com/");
  await page.getByLabel("E-mail").fill("nobody@example.com");
  await page.getByLabel("Password").fill("wrong password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("main").getByRole("alert")).not.toBeEmpty();
  await expect(page).toHaveURL(/\/signin/);
  // The browser itself reports the 4xx of the refusal.
  expect(quiet.splice(0).every((one) => one.includes("Failed to load resource"))).toBe(true);
});

test("a session that ended elsewhere leads back to the sign-in page", async ({ page, account, quiet }) => {
  await page.goto("/inbox");
  await expect(page.getByRole("heading", { name: "Inbox" })).toBeVisible();
  await account.api("POST", "auth/logout");
  await expect(page).toHaveURL(/\/signin\?next=%2Finbox/, { timeout: 10_000 });
  expect(quiet.splice(0).every((one) => one.includes("401"))).toBe(true);
});

test("changes of a page that was left do not complain", async ({ page, account: _ }) => {
  const said = complaints(page);
  await page.goto("/inbox");
  await page.goto("/today");
  await expect(page.getByRole("heading", { name: "Today", level: 1 })).toBeVisible();
  expect(said).toEqual([]);
});
