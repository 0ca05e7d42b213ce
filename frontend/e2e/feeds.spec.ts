import { add, expect, quickAdd, test } from "./app";

test("a reminder that comes due is announced, opened and read", async ({ page, account }) => {
  test.setTimeout(60_000);
  await account.api("POST", "todos", { title: "Call Ann", remind_at: new Date(Date.now() + 8_000).toISOString() });
  await page.goto("/notifications");
  await expect(page.getByText("No reminders yet")).toBeVisible();
  await expect(page.getByRole("link", { name: "Notifications 1" })).toBeVisible({ timeout: 30_000 });
  await page.reload();
  const list = page.getByRole("list", { name: "Notifications" });
  await expect(list.getByRole("button", { name: /Unread: Call Ann/ })).toBeVisible();
  await list.getByRole("button", { name: "Mark as read" }).click();
  await expect(page.getByRole("link", { name: "Notifications", exact: true })).toBeVisible();
  await list
    .getByRole("button", { name: /Call Ann/ })
    .first()
    .click();
  await expect(page.getByRole("complementary", { name: "Details of Call Ann" })).toBeVisible();
});

test("what was done is told by day", async ({ page, account: _ }) => {
  await page.goto("/inbox");
  await expect(quickAdd(page)).toBeVisible();
  await add(page, "Buy milk");
  await page.waitForTimeout(500);
  await page.getByRole("checkbox", { name: "Buy milk" }).click();
  await page.waitForTimeout(1_500);
  await page.getByRole("link", { name: "Activity" }).click();
  await expect(page.getByRole("listitem").filter({ hasText: "Completed Buy milk" })).toBeVisible({ timeout: 15_000 });
  await expect(page.getByRole("listitem").filter({ hasText: "Added Buy milk" })).toBeVisible();
});
