// Starts the built app. It listens on the loopback address unless HOSTNAME says otherwise; WEB_PORT is 3000 by default.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

const server = join(dirname(import.meta.dirname), ".next", "standalone", "server.js");
if (!existsSync(server)) {
  console.error("There is no build. Run `npm run build` first.");
  process.exit(1);
}
process.env.NODE_ENV = "production";
process.env.HOSTNAME = process.env.WEB_HOST ?? "127.0.0.1";
process.env.PORT = process.env.WEB_PORT ?? "3000";
process.env.KEEP_ALIVE_TIMEOUT ??= "75000"; // above what proxies keep idle connections for, so that none is used while it is being closed
await import(server);
