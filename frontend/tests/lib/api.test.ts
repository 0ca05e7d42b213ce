/** The door to the API while a session ends. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";

type Answers = Record<string, () => Response | Promise<Response>>;

const json = (body: unknown, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
const asked: string[] = [];

function answer(answers: Answers): void {
  vi.stubGlobal("fetch", async (request: Request, { signal }: { signal: AbortSignal }) => {
    const what = `${request.method} ${new URL(request.url).pathname.replace("/api/v1/", "")}`;
    asked.push(what);
    const dropped = new Promise<never>((_, refuse) => {
      if (signal.aborted) refuse(signal.reason);
      signal.addEventListener("abort", () => refuse(signal.reason));
    });
    return Promise.race([dropped, answers[what]?.() ?? json({}, 404)]);
  });
}

let api: typeof import("@/lib/api").api;

beforeEach(async () => {
  asked.length = 0;
  vi.resetModules();
  vi.stubGlobal(
    "Request",
    class extends Request {
      constructor(url: string, init?: RequestInit) {
        super(new URL(url, "http://app.test"), init);
      }
    },
  );
  ({ api } = await import("@/lib/api"));
});
afterEach(() => vi.unstubAllGlobals());

test("what is read while someone signs out is dropped, also when it begins meanwhile", async () => {
  let leave: (answer: Response) => void = () => {};
  const left = new Promise<Response>((resolve) => {
    leave = resolve;
  });
  answer({
    "GET auth/session": () => json({ user: null, csrf_token: "one" }),
    "GET auth/tokens": () => new Promise<Response>(() => {}),
    "POST auth/logout": () => left,
  });
  const before = api.tokens();
  const leaving = api.signOut();
  await expect(before).rejects.toThrow("cannot be reached");
  await expect(api.tokens()).rejects.toThrow("cannot be reached");
  leave(new Response(null, { status: 204 }));
  await leaving;
  await expect(api.tokens()).rejects.toThrow("cannot be reached");
  expect(asked).toContain("GET auth/session");
});

test("reads go on when signing out was refused", async () => {
  answer({
    "GET auth/session": () => json({ user: null, csrf_token: "one" }),
    "GET auth/tokens": () => json({ items: [] }),
    "POST auth/logout": () => json({ type: "about:blank", title: "Unavailable", status: 503 }, 503),
  });
  await expect(api.signOut()).rejects.toThrow();
  await expect(api.tokens()).resolves.toEqual({ items: [] });
});
