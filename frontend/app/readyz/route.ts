/** Ready: this process takes requests. It does not ask the API, whose own readiness says that; it stops when a TERM has come. */
import { draining } from "@/lib/gateway/lifecycle";

export const dynamic = "force-dynamic";

export function GET(): Response {
  const stopping = draining();
  return new Response(stopping ? "stopping\n" : "ok\n", {
    status: stopping ? 503 : 200,
    headers: { "content-type": "text/plain", "cache-control": "no-store" },
  });
}
