/** What every browser test starts from: a fresh account, its page, and a page that may not complain. */
import {
  type APIRequestContext,
  type BrowserContext,
  test as base,
  expect,
  type Locator,
  type Page,
} from "@playwright/test";

export const PASSWORD = "correct horse battery staple";

export type Account = {
  email: string;
  request: APIRequestContext;
  api: (method: string, path: string, body?: unknown) => Promise<unknown>;
};

/** Signs up in this context; its cookies then belong to the account. */
export async function signUp(context: BrowserContext, origin: string): Promise<Account> {
  const email = `e2e-${crypto.randomUUID()}@example.com`;
  const { request } = context;
  const csrf = async () =>
    ((await (await request.get(`${origin}/api/v1/auth/session`)).json()) as { csrf_token: string }).csrf_token;
  const api: Account["api"] = async (method, path, body) => {
    const response = await request.fetch(`${origin}/api/v1/${path}`, {
      method,
      headers: {
        "x-csrftoken": await csrf(),
        origin,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      data: body === undefined ? undefined : JSON.stringify(body),
    });
    expect(response.ok(), `${method} ${path}: ${response.status()} ${await response.text()}`).toBe(true);
    return response.status() === 204 ? undefined : await response.json();
  };
  await api("POST", "auth/signup", { email, password: PASSWORD, time_zone: "UTC" });
  return { email, request, api };
}

/** Collects what the page complains about: console errors, exceptions, and violations of the policy. */
export function complaints(page: Page): string[] {
  const said: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning")
      said.push(`${message.type()}: ${message.text()} ${message.location().url}`);
  });
  page.on("pageerror", (error) => said.push(`exception: ${error.stack ?? error.message}`));
  return said;
}

type Fixtures = { account: Account; quiet: string[] };

export const test = base.extend<Fixtures>({
  account: async ({ context, baseURL }, use) => {
    await use(await signUp(context, baseURL ?? ""));
  },
  quiet: [
    async ({ page }, use) => {
      const said = complaints(page);
      await use(said);
      expect(said).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect } from "@playwright/test";

/** The field of the page, not the one of the dialog. */
export const quickAdd = (page: Page): Locator => page.getByRole("main").getByRole("textbox", { name: "Add a todo" });

export async function add(page: Page, ...lines: string[]): Promise<void> {
  for (const line of lines) {
    await quickAdd(page).fill(line);
    await quickAdd(page).press("Enter");
  }
}

export const row = (page: Page, title: string): Locator =>
  page
    .getByRole("main")
    .getByRole("listitem")
    .filter({ has: page.getByRole("checkbox", { name: title, exact: true }) });
export const titles = (page: Page): Locator => page.getByRole("main").locator("[data-title] > span:first-child");
export const details = (page: Page): Locator => page.getByRole("complementary");

/** The title in a row: click opens, keys act on the todo. */
export const titleOf = (page: Page, title: string): Locator => row(page, title).locator("[data-title]");
