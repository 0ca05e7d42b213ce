/** Carries one request to the API and its answer back, by the way the switches name, and directly when that way fails. */
import { Readable } from "node:stream";
import { env } from "../env";
import { PEER_HEADER, signedAddress } from "./address";
import { requestHeaders, responseHeaders } from "./headers";
import { upstreamPath } from "./paths";
import { problem } from "./problem";
import { sidecarHeaders, sidecarPath, sidecarUrl, switches } from "./switches";
import { type Answer, ask, type Exchange, readUpTo, UpstreamTimeout } from "./upstream";

const DIRECT_PATIENCE = 30_000;
const IMPORT = "/api/v1/import";
const IMPORT_PATIENCE = 300_000;
/** For so long the API is asked again when nobody takes the connection: its processes are being replaced, and nothing was sent yet. */
const ABSENCE_PATIENCE = 5_000;
const ABSENT = ["ECONNREFUSED", "EHOSTUNREACH", "EAI_AGAIN"];
/** Reads are quick, and repeating one costs nothing; a write may import a file. A sidecar that hangs is noticed earlier, by the probe. */
const SIDECAR_PATIENCE = { read: 2_000, write: DIRECT_PATIENCE };
/** Answers up to this size are held until complete when a sidecar brings them, since it may die within one. */
const HELD_BYTES = 2 * 1024 * 1024;
/** Larger bodies are files; daprd would hold them in memory and refuses those above 4 MiB, so they go directly. */
const SIDECAR_BYTES = 1024 * 1024;

export async function forward(request: Request): Promise<Response> {
  const url = new URL(request.url);
  const path = upstreamPath(url.pathname);
  if (path === null) return problem(404, "Not found", "No such address in the API.");
  const unsafe = !["GET", "HEAD", "OPTIONS"].includes(request.method);
  const limit = path === IMPORT ? env.maxUploadBytes : env.maxBodyBytes;
  const body = await readBody(request, limit);
  if (body === "too large") return problem(413, "Content too large", `Send at most ${limit} bytes.`);
  const headers = requestHeaders(request.headers, unsafe, Math.random() < switches.traces);
  const peer = request.headers.get(PEER_HEADER);
  if (peer && env.gatewaySecret) headers["x-client-address"] = signedAddress(peer, env.gatewaySecret, new Date());
  const exchange: Exchange = { method: request.method, path: path + url.search, headers, body, signal: request.signal };
  const viaSidecar = switches.route === "sidecar" && (body?.length ?? 0) <= SIDECAR_BYTES;
  try {
    const answer = viaSidecar ? await throughSidecar(exchange, unsafe) : null;
    return answer ?? stream(await direct(exchange, viaSidecar));
  } catch (error) {
    if (error instanceof UpstreamTimeout)
      return problem(504, "Gateway timeout", "The API did not answer in time. Try again.");
    if (!request.signal.aborted) console.error(`The API cannot be reached: ${request.method} ${path}: ${error}`);
    return problem(502, "Bad gateway", "The API cannot be reached. Try again in a moment.");
  }
}

/** Asks the API itself. When a copy that a sidecar got is still being carried out (409), its answer is waited for. */
async function direct(exchange: Exchange, repeated: boolean): Promise<Answer> {
  const patience = exchange.path.startsWith(IMPORT) ? IMPORT_PATIENCE : DIRECT_PATIENCE;
  const until = Date.now() + patience;
  for (;;) {
    const answer = await askPresent(exchange, patience);
    const wait = repeated ? leftToWait(answer) : undefined;
    if (wait === undefined || Date.now() > until) return answer;
    answer.message.resume();
    await pause(Math.max(100, Number(wait) * 500));
  }
}

/** Asks the API itself as soon as it takes a connection. */
async function askPresent(exchange: Exchange, patience: number): Promise<Answer> {
  const until = Date.now() + ABSENCE_PATIENCE;
  for (;;) {
    try {
      return await ask(env.apiUrl, exchange, patience);
    } catch (error) {
      if (!ABSENT.includes((error as NodeJS.ErrnoException).code ?? "") || Date.now() > until) throw error;
      await pause(200);
    }
  }
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** The answer, or null when the sidecar did not bring one of the API's: then the same request, with the same key, goes directly. */
async function throughSidecar(exchange: Exchange, unsafe: boolean): Promise<Response | null> {
  const attempt = new AbortController();
  const giveUp = () => attempt.abort();
  const { opening } = switches.breaker;
  opening.addEventListener("abort", giveUp);
  exchange.signal?.addEventListener("abort", giveUp);
  const viaSidecar = {
    ...exchange,
    path: sidecarPath(exchange.path),
    headers: { ...exchange.headers, ...sidecarHeaders() },
    signal: attempt.signal,
  };
  const started = Date.now();
  try {
    const answer = await ask(sidecarUrl(), viaSidecar, unsafe ? SIDECAR_PATIENCE.write : SIDECAR_PATIENCE.read);
    if (!madeByApi(answer)) {
      answer.message.resume();
      switches.breaker.fail("error");
      return null;
    }
    if (unsafe && leftToWait(answer) !== undefined) {
      answer.message.resume(); // of a copy that a sidecar made when another died; the first is waited for
      return null;
    }
    const { head, whole } = await readUpTo(answer.message, HELD_BYTES);
    switches.breaker.succeed();
    return whole ? reply(answer, head) : stream(answer, head);
  } catch (error) {
    if (exchange.signal?.aborted) return problem(499, "Client closed request", "The client went away.");
    if (switches.breaker.open) return null;
    // A lost connection is known at once; a wait that used up the patience is what the breaker must spare the next user.
    switches.breaker.fail(
      error instanceof UpstreamTimeout || Date.now() - started > SIDECAR_PATIENCE.read ? "timeout" : "error",
    );
    return null;
  } finally {
    opening.removeEventListener("abort", giveUp); // what has begun to flow is not cut off
  }
}

/** Seconds, when the API is still carrying out a copy of the request: 409 and Retry-After mean that and nothing else. */
const leftToWait = ({ status, message }: Answer): string | undefined =>
  status === 409 ? message.headers["retry-after"] : undefined;

/** Every answer of the API carries its request id; one without it was made by daprd (ERR_DIRECT_INVOKE and the like, any status). */
const madeByApi = ({ rawHeaders }: Answer): boolean =>
  rawHeaders.some((name, index) => index % 2 === 0 && name.toLowerCase() === "x-request-id");

/** Statuses whose answers have no body by definition; Response refuses one. */
const bodiless = (status: number) => [101, 204, 205, 304].includes(status);

function reply(answer: Answer, body: Buffer): Response {
  const headers = responseHeaders(answer.rawHeaders);
  return new Response(bodiless(answer.status) ? null : new Uint8Array(body), { status: answer.status, headers });
}

function stream(answer: Answer, head?: Buffer): Response {
  const headers = responseHeaders(answer.rawHeaders);
  if (bodiless(answer.status)) {
    answer.message.resume();
    return new Response(null, { status: answer.status, headers });
  }
  if (head) answer.message.unshift(head);
  return new Response(Readable.toWeb(answer.message) as ReadableStream<Uint8Array>, { status: answer.status, headers });
}

/** The whole body, for a repeat must be able to send it again; null when there is none. */
async function readBody(request: Request, limit: number): Promise<Buffer | null | "too large"> {
  if (!request.body) return null;
  if (Number(request.headers.get("content-length") ?? 0) > limit) return "too large";
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = request.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks);
    size += value.length;
    if (size > limit) {
      await reader.cancel();
      return "too large";
    }
    chunks.push(value);
  }
}
