import { add, details, expect, quickAdd, row, signUp, test, titleOf, titles } from "./app";

test("what one browser changes, another shows within two seconds", async ({ page, account, browser }) => {
  await page.goto("/inbox");
  const other = await browser.newContext({ storageState: await page.context().storageState() });
  const second = await other.newPage();
  await second.goto("/inbox");
  await expect(quickAdd(second)).toBeVisible();
  await add(page, "Buy milk");
  await expect(titles(second)).toHaveText(["Buy milk"], { timeout: 2_500 });
  await second.getByRole("checkbox", { name: "Buy milk" }).click();
  await expect(titles(page)).toHaveText([], { timeout: 2_500 });
  await account.api("POST", "todos", { title: "From a script" });
  await expect(titles(page)).toHaveText(["From a script"], { timeout: 2_500 });
  await other.close();
});

test("two people editing one field are both shown, and the choice is kept", async ({ page, account, quiet }) => {
  const todo = (await account.api("POST", "todos", { title: "Plan" })) as { id: string };
  await page.goto(`/inbox?todo=${todo.id}`);
  const field = details(page).getByRole("textbox", { name: "Title" });
  await field.fill("My plan");
  await account.api("PATCH", `todos/${todo.id}`, { title: "Their plan" });
  await field.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Changed in two places" });
  await expect(dialog.getByText("My plan")).toBeVisible();
  await expect(dialog.getByText("Their plan")).toBeVisible();
  await dialog.getByRole("button", { name: "Keep my version" }).click();
  await expect(titles(page)).toHaveText(["My plan"]);
  await expect
    .poll(async () => ((await account.api("GET", `todos/${todo.id}`)) as { title: string }).title)
    .toBe("My plan");

  await field.fill("Mine again");
  await account.api("PATCH", `todos/${todo.id}`, { title: "Theirs again" });
  await field.press("Enter");
  await dialog.getByRole("button", { name: "Keep the other version" }).click();
  await expect(titles(page)).toHaveText(["Theirs again"]);
  await expect(field).toHaveValue("Theirs again");
  // The browser reports the 412 that the app has settled.
  expect(quiet.splice(0).every((one) => one.includes("412"))).toBe(true);
});

test("edits of different fields are joined without a question", async ({ page, account, quiet }) => {
  const todo = (await account.api("POST", "todos", { title: "Plan" })) as { id: string };
  await page.goto(`/inbox?todo=${todo.id}`);
  const field = details(page).getByRole("textbox", { name: "Title" });
  await field.fill("A better plan");
  await account.api("PATCH", `todos/${todo.id}`, { priority: 1 });
  await field.press("Enter");
  await expect
    .poll(() => account.api("GET", `todos/${todo.id}`))
    .toMatchObject({ title: "A better plan", priority: 1 });
  await expect(row(page, "A better plan").getByRole("checkbox")).toHaveAttribute("data-priority", "1");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  expect(quiet.splice(0).every((one) => one.includes("412"))).toBe(true);
});

test("work goes on without a connection and is sent when it is back", async ({ page, account, context, quiet }) => {
  await account.api("POST", "todos", { title: "Before" });
  await page.goto("/inbox");
  await expect(titles(page)).toHaveText(["Before"]);
  await context.setOffline(true);
  await add(page, "Offline one", "Offline two p1");
  await page.getByRole("checkbox", { name: "Before" }).click();
  await titleOf(page, "Offline one").focus();
  await page.keyboard.press("3");
  await expect(titles(page)).toHaveText(["Offline one", "Offline two"]);
  await expect(page.getByText(/Offline\. \d changes wait to be sent\./)).toBeVisible();
  await context.setOffline(false);
  await expect(page.getByText(/^Offline\./)).toHaveCount(0, { timeout: 10_000 });
  await expect
    .poll(async () =>
      (
        (await account.api("GET", "todos?completed=false")) as { results: { title: string; priority: number }[] }
      ).results.map((todo) => `${todo.title} ${todo.priority}`),
    )
    .toEqual(["Offline one 3", "Offline two 1"]);
  quiet.length = 0; // the browser reports each request that found no network
});

test("accounts do not see each other", async ({ page, account: _, browser, baseURL }) => {
  const other = await browser.newContext();
  const theirs = await signUp(other, baseURL ?? "");
  await theirs.api("POST", "todos", { title: "Private" });
  await page.goto("/inbox");
  await expect(page.getByText("Your Inbox is clear")).toBeVisible();
  await other.close();
});
