/** Whether the sidecar may carry requests. Closed: yes. Open: no, until the background probe has seen it work. */

export type Failure = "timeout" | "error";

const FAILURES_TO_OPEN = 3;

export class Breaker {
  private failures = 0;
  private openedAt: number | null = null;
  private underWay = new AbortController();

  get open(): boolean {
    return this.openedAt !== null;
  }

  /** Aborted when it opens: who waits for the sidecar at that moment goes directly, too. */
  get opening(): AbortSignal {
    return this.underWay.signal;
  }

  /** A request or the probe was answered. */
  succeed(): void {
    this.failures = 0;
    this.openedAt = null;
    if (this.underWay.signal.aborted) this.underWay = new AbortController();
  }

  /** A timeout opens at once: waiting for the next two would cost two more users their patience. */
  fail(kind: Failure): void {
    this.failures += 1;
    if (kind === "timeout" || this.failures >= FAILURES_TO_OPEN) this.trip();
  }

  /** The probe failed: no request needs to find out. */
  trip(): void {
    this.openedAt ??= Date.now();
    this.underWay.abort();
  }
}
