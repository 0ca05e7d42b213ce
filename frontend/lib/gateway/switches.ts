/** Which way requests go at this moment: the runtime switch as the API last told it, under the ceiling of the environment. */
import { env } from "../env";
import { Breaker } from "./breaker";
import { ask } from "./upstream";

export type Route = "direct" | "sidecar";

/** With the quarter of a second that the API itself may be behind, a change is known here within a second. */
const POLL_EVERY = 500;
const POLL_PATIENCE = 500;
const PROBE_EVERY = 250;
const PROBE_PATIENCE = 1_000;
/** Without news for this long the last known value is no longer trusted, and requests go direct. */
const FORGET_AFTER = 30_000;

type Known = { invocation: boolean; phase: number; traces: number; at: number };

class Switches {
  readonly breaker = new Breaker();
  private known: Known | null = null;
  private timers: NodeJS.Timeout[] = [];
  private stopping = new AbortController();

  start(): void {
    if (this.timers.length > 0) return;
    this.stopping = new AbortController();
    this.timers = [every(POLL_EVERY, () => this.poll()), every(PROBE_EVERY, () => this.probe())];
    void this.poll();
  }

  /** What is under way is ended, too, and nothing is learned from it. */
  stop(): void {
    this.stopping.abort();
    for (const timer of this.timers) clearInterval(timer);
    this.timers = [];
  }

  /** The phase the system runs in, or null before the API has been heard. */
  get phase(): number | null {
    return this.known?.phase ?? null;
  }

  /** Whether the operator wants the sidecar and the environment allows it. */
  get wanted(): boolean {
    const known = this.known;
    if (!env.invocationAllowed || env.sidecarPort === null || known === null) return false;
    return known.invocation && Date.now() - known.at < FORGET_AFTER;
  }

  /** The share of requests to be traced, 0 to 1: none while the API sends no spans, for then the sidecars should not either. */
  get traces(): number {
    return this.known !== null && Date.now() - this.known.at < FORGET_AFTER ? this.known.traces : 0;
  }

  get route(): Route {
    return this.wanted && !this.breaker.open ? "sidecar" : "direct";
  }

  private async poll(): Promise<void> {
    try {
      const headers = {
        accept: "application/json",
        ...(env.gatewaySecret ? { "x-gateway-secret": env.gatewaySecret } : {}),
      };
      const answer = await ask(
        env.apiUrl,
        { method: "GET", path: "/internal/switches", headers, body: null },
        POLL_PATIENCE,
      );
      const chunks: Buffer[] = [];
      for await (const chunk of answer.message) chunks.push(chunk as Buffer);
      if (answer.status !== 200) return;
      const said: unknown = JSON.parse(Buffer.concat(chunks).toString());
      if (typeof said !== "object" || said === null || !("invocation" in said) || !("phase" in said)) return;
      const traces = "traces" in said ? Number(said.traces) : 0;
      this.known = { invocation: said.invocation === true, phase: Number(said.phase), traces, at: Date.now() };
    } catch {
      // The API is away or slow: the last known value stands until it is too old.
    }
  }

  /** Asks the API through the sidecar, so that the whole way is known to work before a user takes it. */
  private async probe(): Promise<void> {
    if (!this.wanted) return;
    const { signal } = this.stopping;
    try {
      const answer = await ask(
        sidecarUrl(),
        { method: "GET", path: sidecarPath("/livez"), headers: sidecarHeaders(), body: null, signal },
        PROBE_PATIENCE,
      );
      answer.message.resume();
      if (signal.aborted) return;
      if (answer.status === 200) this.breaker.succeed();
      else this.breaker.trip();
    } catch {
      if (!signal.aborted) this.breaker.trip();
    }
  }
}

/** Runs `work` again `pause` milliseconds after it has ended, so that slow rounds never pile up. */
function every(pause: number, work: () => Promise<void>): NodeJS.Timeout {
  let busy = false;
  const timer = setInterval(async () => {
    if (busy) return;
    busy = true;
    await work();
    busy = false;
  }, pause);
  return timer.unref();
}

export const sidecarUrl = (): URL => new URL(`http://127.0.0.1:${env.sidecarPort}`);
export const sidecarPath = (path: string): string => `/v1.0/invoke/${env.apiAppId}/method${path}`;
export const sidecarHeaders = (): Record<string, string> =>
  env.sidecarToken ? { "dapr-api-token": env.sidecarToken } : {};

// Next.js bundles each route on its own; the process must still have one breaker and one poll.
const shared = globalThis as typeof globalThis & { todoSwitches?: Switches };
shared.todoSwitches ??= new Switches();
export const switches: Switches = shared.todoSwitches;
