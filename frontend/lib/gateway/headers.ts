/** What travels in headers between browser and API, and what must not. */
import { randomBytes, randomUUID } from "node:crypto";

const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
const OURS_TO_SET = new Set([
  "host",
  "accept-encoding", // Next.js drops Content-Encoding and compresses by itself, so the API must answer plainly
  "content-length",
  "expect",
  "forwarded",
  "via",
  "x-real-ip",
  "x-request-id",
  "x-client-address",
  "x-gateway-secret",
  "x-gateway-peer",
  "traceparent",
  "tracestate",
  "baggage",
]);
const OURS_BY_PREFIX = ["x-forwarded-", "dapr-", "x-middleware-", "x-nextjs-", "x-invoke-", "x-matched-path"];

const named = (value: string | null) => new Set((value ?? "").split(",").map((name) => name.trim().toLowerCase()));

/** A new W3C trace starts here; a client's own is dropped, or anybody could fill the traces of others. Logs have its id in any case. */
export function newTraceparent(traced: boolean): string {
  return `00-${randomBytes(16).toString("hex")}-${randomBytes(8).toString("hex")}-${traced ? "01" : "00"}`;
}

/** The headers that the API sees: the client's, less everything that only this gateway may say. */
export function requestHeaders(incoming: Headers, unsafe: boolean, traced: boolean): Record<string, string> {
  const connection = named(incoming.get("connection"));
  const sent: Record<string, string> = {};
  for (const [name, value] of incoming) {
    if (HOP_BY_HOP.has(name) || OURS_TO_SET.has(name) || connection.has(name)) continue;
    if (OURS_BY_PREFIX.some((prefix) => name.startsWith(prefix))) continue;
    sent[name] = value;
  }
  sent["x-request-id"] = randomUUID();
  sent.traceparent = newTraceparent(traced);
  if (unsafe) sent["idempotency-key"] ??= randomUUID();
  return sent;
}

/** The headers that the browser sees: the API's own in their order, less those of the hop and of Dapr. */
export function responseHeaders(raw: string[]): Headers {
  const answered = new Headers();
  const connection = named(
    raw.find((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === "connection") ?? null,
  );
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] ?? "").toLowerCase();
    if (HOP_BY_HOP.has(name) || connection.has(name) || name.startsWith("dapr-")) continue;
    if (
      name === "traceparent" ||
      name === "tracestate" ||
      name === "grpc-trace-bin" ||
      name === "server" ||
      name === "date"
    )
      continue;
    answered.append(name, raw[index + 1] ?? "");
  }
  return answered;
}
