import { add, details, expect, quickAdd, row, test, titleOf, titles } from "./app";

test.beforeEach(async ({ page, account: _ }) => {
  await page.goto("/inbox");
  await expect(quickAdd(page)).toBeVisible();
});

test("projects are made, renamed, archived and deleted", async ({ page }) => {
  await page.getByRole("button", { name: "New project" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("Garden");
  await page.getByRole("dialog").getByRole("button", { name: "Create project" }).click();
  await expect(page.getByRole("heading", { name: "Garden", level: 1 })).toBeVisible();
  await add(page, "Plant tulips");
  await expect(titles(page)).toHaveText(["Plant tulips"]);

  const menu = page.getByRole("button", { name: "Project actions" });
  await menu.click();
  await page.getByRole("menuitem", { name: "Edit project" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("Allotment");
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("heading", { name: "Allotment", level: 1 })).toBeVisible();

  await menu.click();
  await page.getByRole("menuitem", { name: "Archive" }).click();
  await expect(page.getByText("Archived (1)")).toBeVisible();
  await page.getByRole("button", { name: "Bring back" }).click();
  await expect(page.getByRole("link", { name: "Allotment 1" })).toBeVisible();

  await menu.click();
  await page.getByRole("menuitem", { name: "Delete project" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete project" }).click();
  await expect(page.getByRole("heading", { name: "Inbox", level: 1 })).toBeVisible();
  await page.getByRole("link", { name: "Trash" }).click();
  await expect(page.getByText("Plant tulips")).toBeVisible();
});

test("labels are made, renamed and deleted", async ({ page }) => {
  await add(page, "Buy milk @shop");
  await page.getByRole("link", { name: "shop 1" }).click();
  await page.getByRole("button", { name: "Label actions" }).click();
  await page.getByRole("menuitem", { name: "Edit label" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("market");
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("link", { name: "market 1" })).toBeVisible();
  await page.getByRole("button", { name: "Label actions" }).click();
  await page.getByRole("menuitem", { name: "Delete label" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete label" }).click();
  await expect(page.getByRole("link", { name: "market 1" })).toHaveCount(0);
  await expect(titles(page)).toHaveText(["Buy milk"]);
});

test("todos are dragged to another place and to another project", async ({ page }) => {
  await add(page, "One", "Two", "Three", "Other #Work");
  await expect(titles(page)).toHaveText(["One", "Two", "Three"]);
  await expect(page.getByRole("link", { name: "Work 1" })).toBeVisible();
  const from = await row(page, "Three").boundingBox();
  const to = await row(page, "One").boundingBox();
  if (!from || !to) throw new Error("rows have no place");
  await page.mouse.move(from.x + 200, from.y + from.height / 2);
  await page.mouse.down();
  await page.mouse.move(to.x + 200, to.y + to.height / 2, { steps: 5 });
  await page.mouse.move(to.x + 200, to.y + 4, { steps: 3 });
  await page.mouse.up();
  await expect(titles(page)).toHaveText(["Three", "One", "Two"]);
  await page.waitForTimeout(500);
  await page.reload();
  await expect(titles(page)).toHaveText(["Three", "One", "Two"]);

  const again = await row(page, "One").boundingBox();
  const work = await page.getByRole("link", { name: "Work 1" }).boundingBox();
  if (!again || !work) throw new Error("rows have no place");
  await page.mouse.move(again.x + 200, again.y + 10);
  await page.mouse.down();
  await page.mouse.move(work.x + 20, work.y + 10, { steps: 8 });
  await page.mouse.up();
  await expect(titles(page)).toHaveText(["Three", "Two"]);
  await expect(page.getByRole("link", { name: "Work 2" })).toBeVisible();
  await expect(details(page)).toHaveCount(0);
});

test("several todos are selected and changed at once", async ({ page }) => {
  await add(page, "One", "Two", "Three", "Four", "Other #Work");
  await expect(page.getByRole("link", { name: "Work 1" })).toBeVisible();
  await titleOf(page, "One").click({ modifiers: ["Control"] });
  await titleOf(page, "Three").click({ modifiers: ["Shift"] });
  const bar = page.getByRole("region", { name: "Bulk actions" });
  await expect(bar.getByText("3 selected")).toBeVisible();
  await bar.getByRole("button", { name: "Priority" }).click();
  await page.getByRole("menuitem", { name: "Urgent" }).click();
  for (const title of ["One", "Two", "Three"])
    await expect(row(page, title).getByRole("checkbox")).toHaveAttribute("data-priority", "1");
  await bar.getByRole("button", { name: "Due" }).click();
  await page.getByRole("menuitem", { name: "Tomorrow" }).click();
  await expect(row(page, "Two")).toContainText("Tomorrow");
  await bar.getByRole("button", { name: "Move" }).click();
  await page.getByRole("menuitem", { name: "Work" }).click();
  await expect(titles(page)).toHaveText(["Four"]);
  await page.getByRole("link", { name: "Work 4" }).click();
  await expect(titles(page)).toHaveText(["One", "Two", "Three", "Other"]);
  await titleOf(page, "One").focus();
  await page.keyboard.press("Control+a");
  await bar.getByRole("button", { name: "Complete" }).click();
  await expect(page.getByText("Nothing to do here")).toBeVisible();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(titles(page)).toHaveText(["One", "Two", "Three", "Other"]);
});

test("a board shows columns, and a card is moved by its menu and by dragging", async ({ page }) => {
  await add(page, "One p1", "Two");
  await page.getByRole("button", { name: "Layout" }).click();
  await page.getByRole("menuitemcheckbox", { name: "Board by priority" }).click();
  const column = (name: string) => page.getByRole("region", { name, exact: true });
  await expect(column("Urgent").getByRole("checkbox", { name: "One" })).toBeVisible();
  await column("No priority").getByRole("button", { name: "Move Two" }).click();
  await page.getByRole("menuitem", { name: "Move to High" }).click();
  await expect(column("High").getByRole("checkbox", { name: "Two" })).toBeVisible();
  await column("Urgent").scrollIntoViewIfNeeded();
  const card = await column("High").getByText("Two").boundingBox();
  const target = await column("Urgent").boundingBox();
  if (!card || !target) throw new Error("no place");
  await page.mouse.move(card.x + 5, card.y + 5);
  await page.mouse.down();
  await page.mouse.move(target.x + 60, target.y + 60, { steps: 8 });
  await page.mouse.up();
  await expect(column("Urgent").getByRole("checkbox")).toHaveCount(2);
});

test("Today shows what is overdue and due, Upcoming shows days", async ({ page, account }) => {
  const day = (ahead: number) => new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10);
  await account.api("POST", "todos", { title: "Late", due_on: day(-1) });
  await account.api("POST", "todos", { title: "Now", due_on: day(0) });
  await account.api("POST", "todos", { title: "Soon", due_on: day(1) });
  await account.api("POST", "todos", { title: "Later", due_on: day(30) });
  await page.getByRole("link", { name: "Today 2" }).click();
  await expect(titles(page)).toHaveText(["Late", "Now"]);
  await page.getByRole("button", { name: "Move overdue to today" }).click();
  await expect(page.getByRole("heading", { name: "Overdue" })).toHaveCount(0);
  await expect(titles(page)).toHaveCount(2);
  await add(page, "Also");
  await expect(titles(page)).toHaveCount(3);
  await page.getByRole("link", { name: "Upcoming" }).click();
  await expect(titles(page)).toHaveCount(5);
  await expect(page.getByRole("main").getByRole("heading", { level: 2 }).first()).toContainText("Today");
  await expect(page.getByRole("main").getByRole("heading", { level: 2 })).toHaveCount(8);
});
