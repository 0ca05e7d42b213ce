import { details, expect, quickAdd, row, test, titles } from "./app";

test("a day's work by keyboard alone", async ({ page, account: _ }) => {
  await page.goto("/inbox");
  await expect(quickAdd(page)).toBeVisible();
  for (const title of ["One", "Two", "Three"]) {
    await page.keyboard.press("q");
    await expect(page.getByRole("dialog", { name: "Add a todo" })).toBeVisible();
    await page.keyboard.type(title);
    await page.keyboard.press("Enter");
    await expect(page.getByRole("dialog")).toHaveCount(0);
  }
  await expect(titles(page)).toHaveText(["One", "Two", "Three"]);

  await row(page, "One").locator("[data-title]").focus();
  await page.keyboard.press("ArrowDown");
  await expect(row(page, "Two").locator("[data-title]")).toBeFocused();
  await page.keyboard.press("Alt+ArrowUp");
  await expect(titles(page)).toHaveText(["Two", "One", "Three"]);
  await expect(row(page, "Two").locator("[data-title]")).toBeFocused();
  await page.keyboard.press("2");
  await expect(row(page, "Two").getByRole("checkbox")).toHaveAttribute("data-priority", "2");
  await page.keyboard.press("t");
  await expect(row(page, "Two")).toContainText("Today");
  await page.keyboard.press("Enter");
  await expect(details(page)).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(details(page)).toHaveCount(0);
  await expect(row(page, "Two").locator("[data-title]")).toBeFocused();
  await page.keyboard.press("Space");
  await expect(titles(page)).toHaveText(["One", "Three"]);
  await page.keyboard.press("z");
  await expect(titles(page)).toHaveText(["Two", "One", "Three"]);
  await row(page, "One").locator("[data-title]").focus();
  await page.keyboard.press("x");
  await page.keyboard.press("Shift+ArrowDown");
  await expect(page.getByText("2 selected")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByText("2 selected")).toHaveCount(0);

  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard" })).toBeVisible();
  await page.keyboard.press("Escape");
  await page.keyboard.press("g");
  await page.keyboard.press("u");
  await expect(page.getByRole("heading", { name: "Upcoming", level: 1 })).toBeVisible();
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("combobox", { name: "Search commands and todos" })).toBeFocused();
  await page.keyboard.type("thre");
  await expect(page.getByRole("option", { name: "Three" })).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("Enter");
  await expect(details(page)).toContainText("Added");
  await expect(page).toHaveURL(/inbox\?todo=/);
});

test("the palette finds pages and says when there is nothing", async ({ page, account: _ }) => {
  await page.goto("/inbox");
  await expect(quickAdd(page)).toBeVisible();
  await page.getByRole("button", { name: "Find or do (Ctrl K)" }).click();
  await page.getByRole("combobox", { name: "Search commands and todos" }).fill("setti");
  await page.getByRole("option", { name: "Settings" }).click();
  await expect(page.getByRole("heading", { name: "Settings", level: 1 })).toBeVisible();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search commands and todos" }).fill("no such thing at all");
  await expect(page.getByText("Nothing is called that.")).toBeVisible();
});
