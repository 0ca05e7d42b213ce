// Where the browser tests find their stack: one that already runs (E2E_URL), or one that e2e/stack.mjs starts.
const webPort = Number(process.env.E2E_WEB_PORT ?? 18131);

export const E2E = {
  external: Boolean(process.env.E2E_URL),
  webPort,
  apiPort: Number(process.env.E2E_API_PORT ?? webPort + 1),
  url: process.env.E2E_URL ?? `http://127.0.0.1:${webPort}`,
  chromium: process.env.CHROMIUM ?? "/usr/bin/chromium",
};
