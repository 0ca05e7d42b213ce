// The production build: first proves that the client's types are those of the API, then builds, then completes the standalone folder.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync } from "node:fs";
import { dirname, join } from "node:path";

const here = dirname(import.meta.dirname);

function run(...command) {
  const { status } = spawnSync(process.execPath, command, {
    cwd: here,
    stdio: "inherit",
    env: { NEXT_TELEMETRY_DISABLED: "1", ...process.env },
  });
  if (status !== 0) process.exit(status ?? 1);
}

run(join(here, "scripts", "api-types.mjs"), "--check");
run(join(here, "node_modules", "next", "dist", "bin", "next"), "build");
const standalone = join(here, ".next", "standalone");
cpSync(join(here, ".next", "static"), join(standalone, ".next", "static"), { recursive: true });
if (existsSync(join(here, "public"))) cpSync(join(here, "public"), join(standalone, "public"), { recursive: true });
