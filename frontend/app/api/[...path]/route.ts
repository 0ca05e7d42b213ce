/** The gateway: every request of a browser to the API passes here. */
import { forward } from "@/lib/gateway/forward";

export const runtime = "nodejs";
export const dynamic = "force-dynamic";

export {
  forward as DELETE,
  forward as GET,
  forward as HEAD,
  forward as OPTIONS,
  forward as PATCH,
  forward as POST,
  forward as PUT,
};
