// @vitest-environment node
import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { signedAddress, stampPeer } from "@/lib/gateway/address";
import { Breaker } from "@/lib/gateway/breaker";
import { forward } from "@/lib/gateway/forward";
import { requestHeaders, responseHeaders } from "@/lib/gateway/headers";
import { upstreamPath } from "@/lib/gateway/paths";
import { switches } from "@/lib/gateway/switches";

const servers: Server[] = [];

async function listen(handler: RequestListener, port = 0): Promise<number> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

async function bodyOf(message: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of message) text += chunk;
  return text;
}

const before = { ...process.env };
beforeEach(() => {
  switches.stop();
  switches.breaker.succeed();
});
afterEach(() => {
  switches.stop();
  process.env = { ...before };
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

const ask = (path: string, init: RequestInit = {}) =>
  forward(new Request(`http://web.test${path}`, { duplex: "half", ...init } as RequestInit));

/** An API that says how it was asked; the switches route is part of it. */
async function anApi(
  invocation: boolean,
  traces = 0,
): Promise<{ port: number; seen: { url: string; headers: IncomingMessage["headers"]; body: string }[] }> {
  const seen: { url: string; headers: IncomingMessage["headers"]; body: string }[] = [];
  const port = await listen(async (request, response) => {
    if (request.url === "/internal/switches")
      return response.end(JSON.stringify({ invocation, phase: invocation ? 2 : 0, traces }));
    seen.push({ url: request.url ?? "", headers: request.headers, body: await bodyOf(request) });
    response.writeHead(200, { "x-request-id": "api", "content-type": "application/json", etag: '"3"' });
    response.end('{"from":"api"}');
  });
  process.env.API_URL = `http://127.0.0.1:${port}`;
  return { port, seen };
}

async function useSidecar(handler: RequestListener): Promise<void> {
  process.env.DAPR_HTTP_PORT = String(await listen(handler));
  process.env.DAPR_INVOCATION_ENABLED = "true";
  switches.start();
  await expect.poll(() => switches.wanted, { timeout: 3_000 }).toBe(true);
}

test("a request goes directly, with its bytes, and the answer comes back", async () => {
  const { seen } = await anApi(false);
  const response = await ask("/api/v1/todos?limit=2", {
    method: "POST",
    body: '{"title":"Milk"}',
    headers: { "content-type": "application/json" },
  });
  expect(response.status).toBe(200);
  expect(response.headers.get("etag")).toBe('"3"');
  expect(await response.text()).toBe('{"from":"api"}');
  expect(seen).toMatchObject([{ url: "/api/v1/todos?limit=2", body: '{"title":"Milk"}' }]);
  expect(seen[0]?.headers["idempotency-key"]).toMatch(/^[0-9a-f-]{36}$/);
});

test("with the switch on, requests go through the sidecar", async () => {
  const { seen } = await anApi(true);
  const paths: string[] = [];
  await useSidecar((request, response) => {
    paths.push(request.url ?? "");
    response.writeHead(200, { "x-request-id": "api" });
    response.end("through");
  });
  expect(await (await ask("/api/v1/todos")).text()).toBe("through");
  expect(paths).toContain("/v1.0/invoke/todo-backend/method/api/v1/todos");
  expect(seen).toEqual([]);
});

test.each([
  ["refuses", (_: IncomingMessage, response: import("node:http").ServerResponse) => response.destroy()],
  [
    "answers for itself",
    (_: IncomingMessage, response: import("node:http").ServerResponse) =>
      response
        .writeHead(500, { "content-type": "application/json" })
        .end('{"errorCode":"ERR_DIRECT_INVOKE","message":"failed"}'),
  ],
  [
    "dies within the answer",
    (_: IncomingMessage, response: import("node:http").ServerResponse) => {
      response.writeHead(200, { "x-request-id": "api", "content-length": "100" });
      response.write("half");
      setTimeout(() => response.destroy(), 10);
    },
  ],
])("when the sidecar %s, the same request with the same key goes directly", async (_, fail) => {
  const { seen } = await anApi(true);
  const keys: unknown[] = [];
  await useSidecar((request, response) => {
    if (request.url?.endsWith("/livez")) return response.end("ok");
    keys.push(request.headers["idempotency-key"]);
    fail(request, response);
  });
  const response = await ask("/api/v1/todos", { method: "POST", body: "{}" });
  expect(await response.text()).toBe('{"from":"api"}');
  expect(new Set([...keys, ...seen.map((one) => one.headers["idempotency-key"])]).size).toBe(1);
  expect(seen).toHaveLength(1);
});

test("a direct repeat waits while the first copy is still being carried out", async () => {
  let tries = 0;
  const port = await listen((request, response) => {
    if (request.url === "/internal/switches") return response.end(JSON.stringify({ invocation: true, phase: 2 }));
    tries += 1;
    if (tries === 1) return response.writeHead(409, { "x-request-id": "api", "retry-after": "0" }).end("{}");
    response.writeHead(201, { "x-request-id": "api" }).end("made");
  });
  process.env.API_URL = `http://127.0.0.1:${port}`;
  await useSidecar((request, response) => (request.url?.endsWith("/livez") ? response.end("ok") : response.destroy()));
  const response = await ask("/api/v1/todos", { method: "POST", body: "{}" });
  expect([response.status, await response.text(), tries]).toEqual([201, "made", 2]);
});

test("a copy that the sidecars made of a request is no answer to the request", async () => {
  const { seen } = await anApi(true);
  await useSidecar((request, response) => {
    if (request.url?.endsWith("/livez")) return response.end("ok");
    response.writeHead(409, { "x-request-id": "api", "retry-after": "1" }).end("{}");
  });
  const response = await ask("/api/v1/todos", { method: "POST", body: "{}" });
  expect([response.status, await response.text()]).toEqual([200, '{"from":"api"}']);
  expect(seen).toHaveLength(1);
  expect(switches.breaker.open).toBe(false);
});

test("the probe opens the breaker when the sidecar is gone and closes it when it is back", async () => {
  await anApi(true);
  let healthy = true;
  await useSidecar((_, response) => response.writeHead(healthy ? 200 : 500, { "x-request-id": "api" }).end("sidecar"));
  expect(switches.route).toBe("sidecar");
  healthy = false;
  await expect.poll(() => switches.route, { timeout: 2_000 }).toBe("direct");
  expect(await (await ask("/api/v1/todos")).text()).toBe('{"from":"api"}');
  healthy = true;
  await expect.poll(() => switches.route, { timeout: 2_000 }).toBe("sidecar");
});

test("a write that waits for a sidecar goes directly when the probe finds that it hangs", async () => {
  const { seen } = await anApi(true);
  let healthy = true;
  const keys: unknown[] = [];
  await useSidecar((request, response) => {
    if (request.url?.endsWith("/livez")) return healthy ? response.end("ok") : undefined;
    keys.push(request.headers["idempotency-key"]);
    healthy = false;
  });
  const started = Date.now();
  const response = await ask("/api/v1/todos", { method: "POST", body: "{}" });
  expect(await response.text()).toBe('{"from":"api"}');
  expect(Date.now() - started).toBeLessThan(2_500);
  expect(seen.map((one) => one.headers["idempotency-key"])).toEqual(keys);
});

test("a probe that is under way when all stops says nothing of the sidecar", async () => {
  await anApi(true);
  let asked = 0;
  await useSidecar(() => {
    asked += 1; // and no answer
  });
  await expect.poll(() => asked, { timeout: 2_000 }).toBe(1);
  switches.stop();
  for (const server of servers) server.closeAllConnections();
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(switches.breaker.open).toBe(false);
});

test("without the ceiling the switch has no effect", async () => {
  const { seen } = await anApi(true);
  process.env.DAPR_HTTP_PORT = "1";
  switches.start();
  await expect.poll(() => switches.phase, { timeout: 2_000 }).toBe(2);
  await ask("/api/v1/todos");
  expect(seen).toHaveLength(1);
});

test("an API that is away for a moment is waited for, with the request as it was", async () => {
  const { port } = await anApi(false);
  await new Promise((closed) => servers.pop()?.close(closed));
  const waiting = ask("/api/v1/todos", { method: "POST", body: "{}" });
  const seen: string[] = [];
  setTimeout(() => {
    listen(async (request, response) => {
      seen.push(await bodyOf(request));
      response.writeHead(201, { "x-request-id": "api" }).end();
    }, port);
  }, 700);
  expect((await waiting).status).toBe(201);
  expect(seen).toEqual(["{}"]);
});

test("an API that closes all kept connections at once is asked on a new one", async () => {
  await anApi(false);
  const kept = await Promise.all([1, 2, 3, 4].map(() => ask("/api/v1/todos")));
  await Promise.all(kept.map((response) => response.text()));
  await new Promise((resolve) => setTimeout(resolve, 50));
  servers[0]?.closeAllConnections();
  expect((await ask("/api/v1/labels")).status).toBe(200);
});

test("an API that stays away is a 502 with a reason, and the log says which", { timeout: 10_000 }, async () => {
  process.env.API_URL = "http://127.0.0.1:1";
  const log = vi.spyOn(console, "error").mockImplementation(() => {});
  expect(await (await ask("/api/v1/todos?search=secret")).json()).toMatchObject({ status: 502, title: "Bad gateway" });
  expect(log).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/GET \/api\/v1\/todos: .*ECONNREFUSED/));
  log.mockRestore();
});

test("too large a body is a 413", async () => {
  process.env.MAX_BODY_BYTES = "10";
  expect((await ask("/api/v1/todos", { method: "POST", body: "x".repeat(11) })).status).toBe(413);
});

test.each(["/api/v1/todos", "/api/v1/todos/01a20cc7-c017-709d-b925-75ff37547932/move", "/api/v1/schema.json"])(
  "%s is passed on as it is",
  (path) => {
    expect(upstreamPath(path)).toBe(path);
  },
);

test.each([
  "/api/v1",
  "/api/v1/",
  "/api/v1/todos/",
  "/api/v1//todos",
  "/api/v1/../internal",
  "/api/v1/..%2finternal",
  "/api/v1/%2e%2e/internal",
  "/api/v1/todos%23",
  "/api/v1/a%00",
  "/api/v2/todos",
  "/internal/switches",
])("%s is not", (path) => {
  expect(upstreamPath(path)).toBeNull();
});

test("a client's word about the way here is dropped, its own headers pass", () => {
  const sent = requestHeaders(
    new Headers({
      accept: "application/json",
      cookie: "sessionid=x",
      "if-match": '"3"',
      "idempotency-key": "mine",
      "accept-encoding": "br",
      host: "evil",
      forwarded: "for=1.1.1.1",
      "x-forwarded-for": "1.1.1.1",
      "x-client-address": "1.1.1.1;t=1;sig=00",
      "x-request-id": "mine",
      traceparent: "00-11111111111111111111111111111111-2222222222222222-01",
      "dapr-api-token": "guess",
      "x-gateway-secret": "guess",
      connection: "close, x-hop",
      "x-hop": "1",
    }),
    true,
    true,
  );
  expect(Object.keys(sent).sort()).toEqual([
    "accept",
    "cookie",
    "idempotency-key",
    "if-match",
    "traceparent",
    "x-request-id",
  ]);
  expect(sent["idempotency-key"]).toBe("mine");
  expect(sent["x-request-id"]).not.toBe("mine");
  expect(sent.traceparent).toMatch(/^00-(?!1{32})[0-9a-f]{32}-[0-9a-f]{16}-01$/);
});

test("requests are marked as traced as often as the API says, and have a trace id in any case", async () => {
  const { seen } = await anApi(false, 1);
  await ask("/api/v1/todos");
  expect(seen[0]?.headers.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  switches.start();
  await expect.poll(() => switches.traces, { timeout: 2_000 }).toBe(1);
  await ask("/api/v1/todos");
  expect(seen[1]?.headers.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
});

test("each cookie of an answer passes on its own, Dapr's headers do not", () => {
  const headers = responseHeaders([
    "Set-Cookie",
    "a=1; Path=/",
    "Set-Cookie",
    "b=2, c",
    "Dapr-App-Id",
    "x",
    "Server",
    "gunicorn",
    "Link",
    '</x>; rel="next"',
    "Connection",
    "keep-alive",
  ]);
  expect(headers.getSetCookie()).toEqual(["a=1; Path=/", "b=2, c"]);
  expect(headers.get("link")).toBe('</x>; rel="next"');
  expect(headers.has("dapr-app-id") || headers.has("server") || headers.has("connection")).toBe(false);
});

test("the client's address is the socket's, or what our own proxy wrote", () => {
  const request = (headers: Record<string, string>) =>
    ({ headers, socket: { remoteAddress: "::ffff:10.0.0.9" } }) as unknown as IncomingMessage;
  const direct = request({ "x-forwarded-for": "6.6.6.6", "x-gateway-peer": "6.6.6.6" });
  stampPeer(direct, 0);
  expect(direct.headers).toEqual({ "x-gateway-peer": "10.0.0.9" });
  const proxied = request({ "x-forwarded-for": "6.6.6.6, 203.0.113.7" });
  stampPeer(proxied, 1);
  expect(proxied.headers).toEqual({ "x-gateway-peer": "203.0.113.7" });
});

test("the address is signed together with the time", () => {
  const signature = createHmac("sha256", "secret").update("203.0.113.7|1795510000").digest("hex");
  expect(signedAddress("203.0.113.7", "secret", new Date(1_795_510_000_900))).toBe(
    `203.0.113.7;t=1795510000;sig=${signature}`,
  );
});

test("the breaker opens on three failures or one timeout", () => {
  const breaker = new Breaker();
  breaker.fail("error");
  breaker.fail("error");
  expect(breaker.open).toBe(false);
  breaker.succeed();
  breaker.fail("error");
  expect(breaker.open).toBe(false);
  breaker.fail("timeout");
  expect(breaker.open).toBe(true);
  breaker.succeed();
  expect(breaker.open).toBe(false);
});
