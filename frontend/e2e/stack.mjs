// The stack of the browser tests: migrates DATABASE_URL, then runs API, relay and web app until told to stop.
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import { E2E } from "./stack-settings.mjs";

const frontend = dirname(import.meta.dirname);
const root = dirname(frontend);
const python = process.env.PYTHON ?? join(root, ".venv", "bin", "python");
if (!process.env.DATABASE_URL) {
  console.error("Set DATABASE_URL to a database for the browser tests, or E2E_URL to a running app.");
  process.exit(1);
}
// Ours come last: a shell that runs another copy of the app must not lead this one astray.
const env = {
  ...process.env,
  SECRET_KEY: randomBytes(40).toString("hex"),
  GATEWAY_SECRET: randomBytes(40).toString("hex"),
  HTTPS: "false",
  PUBLIC_ORIGINS: E2E.url,
  LIMIT_SIGN_UPS_PER_ADDRESS: "100000/3600",
  LIMIT_LOGINS_PER_ADDRESS: "100000/300",
  WEB_CONCURRENCY: "1",
};

const migrated = spawnSync(python, ["manage.py", "migrate", "--no-input"], { cwd: root, env, stdio: "inherit" });
if (migrated.status !== 0) process.exit(1);

const children = [
  spawn(python, ["-m", "gunicorn", "--bind", `127.0.0.1:${E2E.apiPort}`], {
    cwd: root,
    env: { ...env, ROLE: "api" },
    stdio: ["ignore", "ignore", "inherit"],
  }),
  spawn(python, ["manage.py", "relay_events"], {
    cwd: root,
    env: { ...env, ROLE: "worker" },
    stdio: ["ignore", "ignore", "inherit"],
  }),
  spawn(process.execPath, ["scripts/start.mjs"], {
    cwd: frontend,
    env: { ...env, API_URL: `http://127.0.0.1:${E2E.apiPort}`, WEB_PORT: String(E2E.webPort) },
    stdio: ["ignore", "ignore", "inherit"],
  }),
];
function stop() {
  for (const child of children) child.kill("SIGTERM");
}
process.on("SIGTERM", stop);
process.on("SIGINT", stop);
for (const child of children) child.on("exit", stop);
