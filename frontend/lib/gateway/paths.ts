/** Which paths of the API the gateway passes on. Anything that two servers could read in two ways is not one of them. */

const SEGMENT = /^[A-Za-z0-9_~-][A-Za-z0-9._~-]*$/;

/**
 * The path to ask the API for, exactly as written, or null.
 *
 * Percent signs are refused altogether (%2F, %2E and %23 mean one thing here and another behind a sidecar), as are empty
 * segments and trailing slashes, which daprd removes.
 */
export function upstreamPath(pathname: string): string | null {
  const segments = pathname.split("/");
  if (segments.length < 4 || segments[0] !== "" || segments[1] !== "api" || segments[2] !== "v1") return null;
  return segments.slice(1).every((segment) => SEGMENT.test(segment)) ? pathname : null;
}
