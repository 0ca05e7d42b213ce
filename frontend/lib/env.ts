/** The only reader of the environment. Server only; every value has the default of a local run. */
import "server-only";

function port(name: string): number | null {
  const value = process.env[name];
  if (!value) return null;
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1 || number > 65_535)
    throw new Error(`${name}=${value}: give a port from 1 to 65535, or leave it out`);
  return number;
}

function count(name: string, fallback: number): number {
  const number = Number(process.env[name] ?? fallback);
  if (!Number.isInteger(number) || number < 0) throw new Error(`${name}=${process.env[name]}: give a whole number`);
  return number;
}

const on = (name: string) => ["1", "true", "on", "yes"].includes((process.env[name] ?? "").toLowerCase());

/** Read when first asked for, so that a build needs no environment. */
export const env = {
  /** Where the API listens, without a path. */
  get apiUrl(): URL {
    return new URL(process.env.API_URL ?? "http://127.0.0.1:8000");
  },
  /** The HTTP port of this process's own sidecar, or null when it has none. */
  get sidecarPort(): number | null {
    return port("DAPR_HTTP_PORT");
  },
  /** The ceiling: when false no request goes through the sidecar, whatever the switch says. */
  get invocationAllowed(): boolean {
    return on("DAPR_INVOCATION_ENABLED");
  },
  /** The API's app-id in Dapr. */
  get apiAppId(): string {
    return process.env.DAPR_API_APP_ID ?? "todo-backend";
  },
  /** What the sidecar asks of its callers, when it asks. */
  get sidecarToken(): string | null {
    return process.env.DAPR_API_TOKEN || null;
  },
  /** Shared with the API: signs the client's address and opens the switches route. */
  get gatewaySecret(): string | null {
    return process.env.GATEWAY_SECRET || null;
  },
  /** Largest request body, in bytes; the API's own limit. */
  get maxBodyBytes(): number {
    return count("MAX_BODY_BYTES", 1024 * 1024);
  },
  /** Largest file to import, in bytes, with room for the form around it. */
  get maxUploadBytes(): number {
    return count("MAX_UPLOAD_BYTES", 20 * 1024 * 1024 + 64 * 1024);
  },
  /** How many proxies of ours stand before this process; their X-Forwarded-For is believed from the right. */
  get trustedProxies(): number {
    return count("TRUSTED_PROXIES", 0);
  },
  get https(): boolean {
    return on("HTTPS");
  },
  get production(): boolean {
    return process.env.NODE_ENV === "production";
  },
};
