/** One HTTP exchange with the API, directly or through the sidecar, with exact bytes and a limit on the wait for an answer. */
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest, Agent as SecureAgent } from "node:https";

export type Exchange = {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Buffer | null;
  signal?: AbortSignal;
};
export type Answer = { status: number; rawHeaders: string[]; message: IncomingMessage };

/** No answer within the limit. */
export class UpstreamTimeout extends Error {}

// gunicorn closes idle connections after its own keep-alive of a few seconds; ours ends first, so that none is reused while dying.
const agents = {
  "http:": new Agent({ keepAlive: true, timeout: 1_500, maxSockets: 128 }),
  "https:": new SecureAgent({ keepAlive: true, timeout: 1_500, maxSockets: 128 }),
};

/**
 * Asks `base` and resolves when the answer's headers are there.
 *
 * A kept-alive connection that the other side had just closed is no failure of the other side: it is asked once more, on a new
 * connection, since the others that are kept may have been closed with it.
 * Throws `UpstreamTimeout` after `patience` milliseconds without an answer, and node's own errors for a lost connection.
 */
export async function ask(base: URL, exchange: Exchange, patience: number): Promise<Answer> {
  try {
    return await send(base, exchange, patience);
  } catch (error) {
    if (error instanceof StaleConnection) return await send(base, exchange, patience, false);
    throw error;
  }
}

class StaleConnection extends Error {}

function send(
  base: URL,
  { method, path, headers, body, signal }: Exchange,
  patience: number,
  reuse = true,
): Promise<Answer> {
  const secure = base.protocol === "https:";
  return new Promise((resolve, reject) => {
    const outgoing = (secure ? httpsRequest : httpRequest)({
      protocol: base.protocol,
      hostname: base.hostname.replace(/^\[|\]$/g, ""),
      port: base.port || (secure ? 443 : 80),
      method,
      path,
      agent: reuse && (secure ? agents["https:"] : agents["http:"]),
      headers: { ...headers, ...(body ? { "content-length": String(body.length) } : {}) },
      signal,
    });
    const timer = setTimeout(() => outgoing.destroy(new UpstreamTimeout(`no answer in ${patience} ms`)), patience);
    outgoing.on("response", (message) => {
      clearTimeout(timer);
      resolve({ status: message.statusCode ?? 502, rawHeaders: message.rawHeaders, message });
    });
    outgoing.on("error", (error) => {
      clearTimeout(timer);
      const stale = outgoing.reusedSocket && "code" in error && ["ECONNRESET", "EPIPE"].includes(String(error.code));
      reject(stale ? new StaleConnection(error.message, { cause: error }) : error);
    });
    outgoing.end(body ?? undefined);
  });
}

/** The body up to `limit` bytes; `whole` is false when more is to come, which then is still in the message. */
export async function readUpTo(message: IncomingMessage, limit: number): Promise<{ head: Buffer; whole: boolean }> {
  const chunks: Buffer[] = [];
  let size = 0;
  for (;;) {
    const chunk = await nextChunk(message);
    if (chunk === null) return { head: Buffer.concat(chunks), whole: true };
    chunks.push(chunk);
    size += chunk.length;
    if (size > limit) return { head: Buffer.concat(chunks), whole: false };
  }
}

/** One chunk without ending the stream, as `for await` would on leaving its loop; null at the end. */
function nextChunk(message: IncomingMessage): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    const ready = () => {
      const chunk: Buffer | null = message.read();
      if (chunk !== null) settle(() => resolve(chunk));
    };
    const ended = () => settle(() => resolve(null));
    const failed = (error?: Error) =>
      settle(() => reject(error ?? new Error("the connection was lost within the answer")));
    const closed = () => (message.complete ? ended() : failed());
    const settle = (done: () => void) => {
      message.off("readable", ready).off("end", ended).off("error", failed).off("close", closed);
      done();
    };
    if (message.readableEnded) return resolve(null);
    if (message.destroyed && !message.complete) return reject(new Error("the connection was lost within the answer"));
    message.on("readable", ready).on("end", ended).on("error", failed).on("close", closed);
    ready();
  });
}
