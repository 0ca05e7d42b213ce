/** Runs once when the server starts. */
export async function register(): Promise<void> {
  if (process.env.NEXT_RUNTIME !== "nodejs") return;
  const { startLifecycle } = await import("./lib/gateway/lifecycle");
  startLifecycle();
}
