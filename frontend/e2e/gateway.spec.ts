import { expect, test } from "./app";

test("no path reaches the API but plain ones", async ({ request }) => {
  for (const path of [
    "/api/v1/todos%2F..%2Finternal",
    "/api/v1/%2e%2e/internal",
    "/api/v1/todos/",
    "/api/v2/todos",
    "/api/v1/todos%23x",
    "/api/v1/a..%00",
    "/api/internal/switches",
  ]) {
    const response = await request.get(path);
    expect(response.status(), path).toBe(404);
    expect(response.headers()["content-type"], path).toContain("application/problem+json");
    expect(response.headers()["x-request-id"], path).toBeUndefined();
  }
});

test("the API's answers pass with status, error format, request id and cookies", async ({ request }) => {
  const refused = await request.get("/api/v1/todos");
  expect(refused.status()).toBe(401);
  expect(refused.headers()["content-type"]).toBe("application/problem+json");
  expect(refused.headers()["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
  const session = await request.get("/api/v1/auth/session");
  expect(session.headers()["set-cookie"]).toContain("csrftoken=");
});

test("what a client says about itself is not believed", async ({ request }) => {
  const response = await request.get("/api/v1/auth/session", {
    headers: {
      "x-request-id": "mine",
      traceparent: "00-11111111111111111111111111111111-2222222222222222-01",
      "x-client-address": "9.9.9.9",
      "x-forwarded-for": "9.9.9.9",
    },
  });
  expect(response.headers()["x-request-id"]).not.toBe("mine");
});

test("ETags, If-None-Match, If-Match and Link pass", async ({ account }) => {
  const { request } = account;
  for (const title of ["One", "Two", "Three"]) await account.api("POST", "todos", { title });
  const list = await request.get("/api/v1/todos?limit=2");
  expect(list.headers().link).toMatch(/^<\/api\/v1\/todos\?.*>; rel="next"$/);
  const etag = list.headers().etag ?? "";
  expect(etag).toMatch(/^W\//);
  expect((await request.get("/api/v1/todos?limit=2", { headers: { "if-none-match": etag } })).status()).toBe(304);
});

test("a repeated write with one key has one effect, and a body above the limit is refused", async ({
  account,
  baseURL,
}) => {
  const { csrf_token } = (await account.api("GET", "auth/session")) as { csrf_token: string };
  const headers = {
    "x-csrftoken": csrf_token,
    origin: baseURL ?? "",
    "idempotency-key": crypto.randomUUID(),
    "content-type": "application/json",
  };
  const create = () => account.request.post("/api/v1/todos", { headers, data: JSON.stringify({ title: "Once" }) });
  const [first, second] = [await create(), await create()];
  expect(await second.json()).toEqual(await first.json());
  const large = await account.request.post("/api/v1/todos", {
    headers: { ...headers, "idempotency-key": "x" },
    data: JSON.stringify({ title: "x".repeat(1_100_000) }),
  });
  expect(large.status()).toBe(413);
});

test("a write without the CSRF token is refused", async ({ account, baseURL }) => {
  const response = await account.request.post("/api/v1/todos", {
    headers: { origin: baseURL ?? "" },
    data: { title: "Forged" },
  });
  expect(response.status()).toBe(403);
});

test("pages carry a policy with a nonce of their own and the other security headers", async ({ request }) => {
  const nonces = new Set<string>();
  for (let round = 0; round < 2; round++) {
    const { "content-security-policy": policy = "", ...headers } = (await request.get("/signin")).headers();
    nonces.add(/'nonce-([0-9a-f]+)'/.exec(policy)?.[1] ?? "");
    expect(policy).not.toContain("unsafe");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "same-origin",
    });
    expect(headers["x-powered-by"]).toBeUndefined();
  }
  expect(nonces.size).toBe(2);
});

test("search engines are told what they may look at", async ({ request }) => {
  const response = await request.get("/robots.txt", { maxRedirects: 0 });
  expect(response.status()).toBe(200);
  expect(await response.text()).toContain("Disallow: /api/");
});

test("the probes answer", async ({ request }) => {
  for (const path of ["/livez", "/readyz"]) expect((await request.get(path)).status()).toBe(200);
});
