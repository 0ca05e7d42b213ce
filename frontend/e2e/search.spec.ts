import { expect, test, titles } from "./app";

test("search finds by words and filters, and is in the address", async ({ page, account }) => {
  await account.api("POST", "todos", { title: "Buy milk", priority: 1 });
  await account.api("POST", "todos", { title: "Buy bread" });
  await page.goto("/search");
  await page.getByRole("searchbox", { name: "Search" }).fill("buy p1");
  await page.keyboard.press("Enter");
  await expect(titles(page)).toHaveText(["Buy milk"]);
  await page.reload();
  await expect(titles(page)).toHaveText(["Buy milk"]);
  await page.getByRole("searchbox", { name: "Search" }).fill("elephant");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Nothing found")).toBeVisible();
});

test("a word that is not understood is marked where it stands", async ({ page, account: _, quiet }) => {
  await page.goto("/search");
  await page.getByRole("searchbox", { name: "Search" }).fill("milk due:someday p1");
  await page.keyboard.press("Enter");
  await expect(page.locator("mark")).toContainText("someday");
  await expect(page.getByRole("main").getByRole("alert")).toContainText("milk due:someday p1");
  expect(quiet.splice(0).every((one) => one.includes("400"))).toBe(true);
});
