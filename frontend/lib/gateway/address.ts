/** The client's address: taken from the socket, carried to the API in one signed header. */
import { createHmac } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** Written by `stampPeer` on every request before Next.js sees it; what a client sends under this name is overwritten. */
export const PEER_HEADER = "x-gateway-peer";

/**
 * Puts the client's address on the request, read from the socket or, behind `trustedProxies` of our own, from the
 * X-Forwarded-For entry that the outermost of them wrote. Everything else a client claims about its way here is removed.
 */
export function stampPeer(request: IncomingMessage, trustedProxies: number): void {
  const claimed = String(request.headers["x-forwarded-for"] ?? "")
    .split(",")
    .map((entry) => entry.trim())
    .filter(Boolean);
  const socket = request.socket.remoteAddress ?? "";
  const address = trustedProxies > 0 ? (claimed[claimed.length - trustedProxies] ?? socket) : socket;
  for (const name of Object.keys(request.headers)) {
    if (name === "forwarded" || name === "x-real-ip" || name.startsWith("x-forwarded-")) delete request.headers[name];
  }
  request.headers[PEER_HEADER] = address.replace(/^::ffff:/, "");
}

/** `X-Client-Address: <ip>;t=<unix>;sig=<hex>`: the API believes it only with a good signature. */
export function signedAddress(address: string, secret: string, now: Date): string {
  const time = Math.floor(now.getTime() / 1000);
  const signature = createHmac("sha256", secret).update(`${address}|${time}`).digest("hex");
  return `${address};t=${time};sig=${signature}`;
}
