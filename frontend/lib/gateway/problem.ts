/** The gateway's own answers, in the API's error format. */

export function problem(status: number, title: string, detail: string): Response {
  return new Response(JSON.stringify({ type: "about:blank", title, status, detail }), {
    status: status === 499 ? 400 : status,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store" },
  });
}
