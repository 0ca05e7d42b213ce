import { expect, PASSWORD, test } from "./app";

test.beforeEach(async ({ page, account: _ }) => {
  await page.goto("/settings");
  await expect(page.getByRole("heading", { name: "Settings", level: 1 })).toBeVisible();
});

test("the theme is kept, and is there before anything is drawn", async ({ page }) => {
  await page.getByRole("radio", { name: "Dark" }).check();
  await expect(page.locator("html")).toHaveCSS("color-scheme", "dark");
  const html = await (await page.request.get("/settings")).text();
  expect(html).toContain('data-theme="dark"');
});

test("the time zone is kept", async ({ page, account }) => {
  await page.getByLabel("Time zone").selectOption("Europe/Berlin");
  await expect
    .poll(async () => ((await account.api("GET", "auth/session")) as { user: { time_zone: string } }).user.time_zone)
    .toBe("Europe/Berlin");
});

test("the password is changed, and a wrong one is refused at its field", async ({ page, quiet }) => {
  const section = page.getByRole("region", { name: "Password" });
  await section.getByLabel("Current password").fill("not my password");
  await section.getByLabel("New password").fill("a brand new passphrase");
  await section.getByRole("button", { name: "Change password" }).click();
  await expect(section.getByLabel("Current password")).toHaveAttribute("aria-invalid", "true");
  await section.getByLabel("Current password").fill(PASSWORD);
  await section.getByRole("button", { name: "Change password" }).click();
  await expect(page.getByText("Your password is changed.")).toBeVisible();
  await page.reload();
  await expect(page.getByRole("heading", { name: "Settings", level: 1 })).toBeVisible();
  expect(quiet.splice(0).every((one) => one.includes("400"))).toBe(true);
});

test("a token is shown once, works, and is revoked", async ({ page, playwright, baseURL }) => {
  const section = page.getByRole("region", { name: "API tokens" });
  await section.getByLabel("Name").fill("Backup");
  await section.getByRole("button", { name: "Create token" }).click();
  const token = (await section.getByRole("status").locator("code").textContent()) ?? "";
  const stranger = await playwright.request.newContext({ baseURL });
  const ask = () => stranger.get("/api/v1/todos", { headers: { authorization: `Bearer ${token}` } });
  expect((await ask()).status()).toBe(200);
  await section.getByRole("button", { name: "Revoke Backup" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke token" }).click();
  await expect(section.getByText("Backup", { exact: true })).toHaveCount(0);
  expect((await ask()).status()).toBe(401);
});

test("an iCalendar file is imported, and everything comes out in each of the four formats", async ({
  page,
  account,
}) => {
  const section = page.getByRole("region", { name: "Import and export" });
  await section.getByLabel("Import a file").setInputFiles({
    name: "tasks.ics",
    mimeType: "text/calendar",
    buffer: Buffer.from(
      "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VTODO\r\nUID:1\r\nSUMMARY:Renew passport\r\nEND:VTODO\r\nEND:VCALENDAR\r\n",
    ),
  });
  await section.getByRole("button", { name: "Import 1 todo" }).click();
  await expect(page.getByText("Imported 1 todo.")).toBeVisible();
  for (const name of ["JSON", "CSV", "todo.txt", "iCalendar"]) {
    const href = (await section.getByRole("link", { name, exact: true }).getAttribute("href")) ?? "";
    const response = await account.request.get(href);
    expect(await response.text(), name).toContain("Renew passport");
    expect(response.headers()["content-disposition"], name).toContain("attachment");
  }
});

test("the way to the API is told", async ({ page }) => {
  await expect(page.getByRole("region", { name: "About" })).toContainText(
    process.env.E2E_ROUTE === "sidecar" ? "Through the Dapr sidecar" : "Directly",
  );
});

test("a file is looked at, imported, and everything is exported", async ({ page }) => {
  const section = page.getByRole("region", { name: "Import and export" });
  await section.getByLabel("Import a file").setInputFiles({
    name: "list.txt",
    mimeType: "text/plain",
    buffer: Buffer.from("Plant tulips +Garden\nMow the lawn +Garden\n"),
  });
  const preview = section.getByRole("region", { name: "Preview" });
  await expect(preview).toContainText("2 todos");
  await expect(preview.getByText("Plant tulips")).toBeVisible();
  await preview.getByRole("button", { name: "Import 2 todos" }).click();
  await expect(page.getByText("Imported 2 todos.")).toBeVisible();
  await expect(page.getByRole("link", { name: "Garden 2" })).toBeVisible();
  const download = page.waitForEvent("download");
  await section.getByRole("link", { name: "CSV" }).click();
  const stream = await (await download).createReadStream();
  let text = "";
  for await (const chunk of stream) text += chunk;
  expect(text).toContain("Plant tulips");
});
