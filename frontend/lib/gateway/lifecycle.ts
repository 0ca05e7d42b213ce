/** Start and end of the server process: address stamping, the poll of the switches, and leaving in order on TERM. */
import { subscribe } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";
import { env } from "../env";
import { stampPeer } from "./address";
import { switches } from "./switches";

const shared = globalThis as typeof globalThis & { todoDraining?: boolean };

export const draining = (): boolean => shared.todoDraining === true;

/** Called once, before the first request. Next.js itself closes the server on TERM and lets open requests finish. */
export function startLifecycle(): void {
  subscribe("http.server.request.start", (message) => {
    stampPeer((message as { request: IncomingMessage }).request, env.trustedProxies);
  });
  process.once("SIGTERM", () => {
    shared.todoDraining = true;
    switches.stop();
  });
  switches.start();
}
