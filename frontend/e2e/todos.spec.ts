import { add, details, expect, quickAdd, row, test, titleOf, titles } from "./app";

test.beforeEach(async ({ page, account: _ }) => {
  await page.goto("/inbox");
  await expect(quickAdd(page)).toBeVisible();
});

test("todos are added in order, and are there after a reload", async ({ page }) => {
  await add(page, "Buy milk", "Call Ann", "Read a book");
  await expect(titles(page)).toHaveText(["Buy milk", "Call Ann", "Read a book"]);
  await expect(quickAdd(page)).toHaveValue("");
  await expect(page.getByRole("link", { name: "Inbox 3" })).toBeVisible();
  await page.waitForTimeout(500);
  await page.reload();
  await expect(titles(page)).toHaveText(["Buy milk", "Call Ann", "Read a book"]);
});

test("spaces alone make no todo, and spaces around a title are dropped", async ({ page }) => {
  await add(page, "   ", "  Buy milk  ");
  await expect(titles(page)).toHaveText(["Buy milk"]);
});

test("a double click edits the title; Enter keeps, Escape does not", async ({ page }) => {
  await add(page, "Buy milk");
  await titleOf(page, "Buy milk").dblclick();
  const field = page.getByRole("main").getByRole("textbox", { name: "Title" });
  await field.fill("Buy oat milk");
  await field.press("Enter");
  await expect(titles(page)).toHaveText(["Buy oat milk"]);
  await expect(titleOf(page, "Buy oat milk")).toBeFocused();
  await page.keyboard.press("e");
  await field.fill("Something else");
  await field.press("Escape");
  await expect(titles(page)).toHaveText(["Buy oat milk"]);
});

test("completing can be undone", async ({ page }) => {
  await add(page, "Buy milk", "Call Ann");
  await page.getByRole("checkbox", { name: "Buy milk" }).click();
  await expect(titles(page)).toHaveText(["Call Ann"]);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(titles(page)).toHaveText(["Buy milk", "Call Ann"]);
  await expect(page.getByRole("checkbox", { name: "Buy milk" })).not.toBeChecked();
});

test("completed todos can be shown and reopened", async ({ page }) => {
  await add(page, "Buy milk");
  await page.getByRole("checkbox", { name: "Buy milk" }).click();
  await expect(page.getByText("Your Inbox is clear")).toBeVisible();
  await page.getByRole("button", { name: "Show completed (1)" }).click();
  await page.getByRole("region", { name: "Completed" }).getByRole("checkbox", { name: "Buy milk" }).click();
  await expect(titles(page)).toHaveText(["Buy milk"]);
});

test("deleting can be undone, and the trash restores and purges", async ({ page }) => {
  await add(page, "Buy milk", "Call Ann");
  await titleOf(page, "Buy milk").focus();
  await page.keyboard.press("Delete");
  await expect(titles(page)).toHaveText(["Call Ann"]);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(titles(page)).toHaveText(["Buy milk", "Call Ann"]);

  await titleOf(page, "Call Ann").focus();
  await page.keyboard.press("Delete");
  await expect(titles(page)).toHaveText(["Buy milk"]);
  await page.getByRole("link", { name: "Trash" }).click();
  await page.getByRole("button", { name: "Restore Call Ann" }).click();
  await expect(page.getByText("The trash is empty")).toBeVisible();
  await page.getByRole("link", { name: /^Inbox/ }).click();
  await expect(titles(page)).toHaveText(["Buy milk", "Call Ann"]);

  await row(page, "Call Ann").hover();
  await row(page, "Call Ann").getByRole("button", { name: "Actions for Call Ann" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("link", { name: "Trash" }).click();
  await page.getByRole("button", { name: "Empty trash" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Empty trash" }).click();
  await expect(page.getByText("The trash is empty")).toBeVisible();
  await page.waitForTimeout(500);
  await page.reload();
  await expect(page.getByText("The trash is empty")).toBeVisible();
});

test("quick add shows what it understood before Enter, and a chip can be sent back", async ({ page }) => {
  await quickAdd(page).fill("Pay rent tomorrow 9am #Home @money p1 every month");
  const chips = page.getByRole("list", { name: "Understood" }).getByRole("listitem");
  await expect(chips).toHaveText(["Tomorrow 09:00", "Home", "money", "Urgent", "every month"]);
  await page.getByRole("button", { name: /^Priority: Urgent/ }).click();
  await expect(chips).toHaveText(["Tomorrow 09:00", "Home", "money", "every month"]);
  await quickAdd(page).press("Enter");
  await page.getByRole("link", { name: "Home 1" }).click();
  await expect(titles(page)).toHaveText(["Pay rent p1"]);
  await expect(row(page, "Pay rent p1")).toContainText("Tomorrow 09:00");
  await expect(row(page, "Pay rent p1")).toContainText("every month");
  await expect(row(page, "Pay rent p1")).toContainText("money");
  await page.getByRole("link", { name: "money 1" }).click();
  await expect(titles(page)).toHaveText(["Pay rent p1"]);
});

test("completing a repeating todo brings the next one", async ({ page }) => {
  await add(page, "Water plants every 3 days");
  await expect(row(page, "Water plants")).toContainText("Today");
  await page.waitForTimeout(600);
  await page.getByRole("checkbox", { name: "Water plants" }).click();
  // The one that is done stays in sight for a moment, so for that moment there may be two.
  await expect(async () => {
    await expect(row(page, "Water plants")).toHaveCount(1);
    await expect(row(page, "Water plants")).toContainText("every 3 days", { timeout: 500 });
    await expect(row(page, "Water plants")).not.toContainText("Today", { timeout: 500 });
  }).toPass({ timeout: 15_000 });
  await expect(titles(page)).toHaveText(["Water plants"]);
});

test("details: notes, subtasks, due day, repetition, priority, label and project", async ({ page }) => {
  await add(page, "Plan party", "Other #Fun");
  await titleOf(page, "Plan party").click();
  const panel = details(page);
  await panel.getByRole("button", { name: "Add notes" }).click();
  await panel
    .getByRole("textbox", { name: "Notes, in Markdown" })
    .fill("**Cake** and [site](https://example.com)\n\n<img src=x onerror=alert(1)> [bad](javascript:alert(1))");
  await panel.getByRole("textbox", { name: "Title" }).click();
  await expect(panel.getByText("Cake")).toHaveCSS("font-weight", "600");
  await expect(panel.getByRole("link", { name: "site" })).toHaveAttribute("href", "https://example.com");
  await expect(panel.getByRole("link", { name: "bad" })).toHaveCount(0);
  await expect(panel.locator("img")).toHaveCount(0);

  const subtask = panel.getByRole("textbox", { name: "Add a subtask" });
  await subtask.fill("Bake");
  await subtask.press("Enter");
  await subtask.fill("Invite");
  await subtask.press("Enter");
  await panel.getByRole("checkbox", { name: "Bake" }).click();
  await expect(panel.getByText("1 of 2 done")).toBeVisible();

  await panel.getByRole("button", { name: "Due: No date" }).click();
  await page.getByRole("textbox", { name: "When, in words" }).fill("tomorrow 18:00");
  await page.keyboard.press("Enter");
  await expect(panel.getByRole("button", { name: "Due: Tomorrow 18:00" })).toBeVisible();
  await panel.getByRole("button", { name: "Repeats: Never" }).click();
  await page.getByRole("button", { name: "every day", exact: true }).click();
  await expect(panel.getByRole("button", { name: "Repeats: every day" })).toBeVisible();
  await panel.getByRole("combobox", { name: "Priority" }).selectOption("High");
  await panel.getByRole("button", { name: "Labels: None" }).click();
  await page.getByRole("textbox", { name: "Find or create a label" }).fill("friends");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await expect(panel.getByRole("button", { name: "Labels: friends" })).toBeVisible();
  await panel.getByRole("combobox", { name: "Project" }).selectOption("Fun");
  await expect(titles(page)).toHaveCount(0);
  await page.waitForTimeout(1_000);
  await page.getByRole("link", { name: "Fun 2" }).click();
  await expect(row(page, "Plan party")).toContainText("friends");
  await page.reload();
  await titleOf(page, "Plan party").click();
  await expect(panel.getByRole("button", { name: "Due: Tomorrow 18:00" })).toBeVisible();
  await expect(panel.getByText("1 of 2 done")).toBeVisible();
  await expect(panel.getByRole("combobox", { name: "Priority" })).toHaveValue("2");
});

test("a refused change is taken back with a message", async ({ page, quiet }) => {
  await add(page, "Buy milk");
  await page.waitForTimeout(500);
  await page.route("**/api/v1/todos/*", (route) =>
    route.request().method() === "PATCH"
      ? route.fulfill({
          status: 400,
          contentType: "application/problem+json",
          body: JSON.stringify({ title: "Bad request", status: 400, detail: "Not today." }),
        })
      : route.continue(),
  );
  await titleOf(page, "Buy milk").focus();
  await page.keyboard.press("1");
  await expect(page.getByText("Not done: Not today.")).toBeVisible();
  await expect(page.getByRole("checkbox", { name: "Buy milk" })).toHaveAttribute("data-priority", "0");
  quiet.length = 0;
});
