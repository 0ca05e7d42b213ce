/** Before every page: a content security policy with a fresh nonce, and the way to the sign-in page for those without a session. */
import { type NextRequest, NextResponse } from "next/server";
import { env } from "./lib/env";

export const config = { matcher: ["/((?!api/|_next/static|livez|readyz|gateway|robots.txt|icon.svg|favicon.ico).*)"] };

/** The API's names for it, over HTTPS and over plain HTTP. */
const SESSION_COOKIES = ["__Host-sessionid", "sessionid"];
const OPEN_PAGES = new Set(["/signin", "/signup"]);

function policy(nonce: string): string {
  const scripts = `'self' 'nonce-${nonce}' 'strict-dynamic'${env.production ? "" : " 'unsafe-eval'"}`;
  const styles = env.production ? `'self' 'nonce-${nonce}'` : "'self' 'unsafe-inline'";
  return [
    "default-src 'self'",
    `script-src ${scripts}`,
    `style-src ${styles}`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    ...(env.https ? ["upgrade-insecure-requests"] : []),
  ].join("; ");
}

export function proxy(request: NextRequest): NextResponse {
  const { pathname, search } = request.nextUrl;
  const signedIn = SESSION_COOKIES.some((name) => request.cookies.has(name));
  if (!signedIn && !OPEN_PAGES.has(pathname)) {
    const next = pathname === "/" ? "" : `?next=${encodeURIComponent(pathname + search)}`;
    // Next.js sends this as a relative address, so it holds behind any proxy.
    return NextResponse.redirect(new URL(`/signin${next}`, request.nextUrl));
  }
  const nonce = crypto.randomUUID().replaceAll("-", "");
  const headers = new Headers(request.headers);
  headers.set("Content-Security-Policy", policy(nonce));
  headers.set("x-nonce", nonce);
  const response = NextResponse.next({ request: { headers } });
  response.headers.set("Content-Security-Policy", policy(nonce));
  if (env.https) response.headers.set("Strict-Transport-Security", "max-age=31536000; includeSubDomains");
  return response;
}
