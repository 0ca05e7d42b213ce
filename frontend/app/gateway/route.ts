/** How requests reach the API at this moment; the settings page shows it. */
import { switches } from "@/lib/gateway/switches";

export const dynamic = "force-dynamic";

export function GET(): Response {
  const { route, phase, wanted, breaker } = switches;
  return Response.json(
    { route, phase, sidecar_wanted: wanted, breaker_open: breaker.open },
    { headers: { "cache-control": "no-store" } },
  );
}
