/** On a build server a test that was skipped has proved nothing, so the run fails. */
import type { FullResult, Reporter, TestCase, TestResult } from "@playwright/test/reporter";

export default class NoSkips implements Reporter {
  private skipped: string[] = [];

  onTestEnd(test: TestCase, result: TestResult): void {
    if (result.status === "skipped") this.skipped.push(test.title);
  }

  async onEnd(): Promise<{ status?: FullResult["status"] }> {
    if (process.env.CI !== "true" || this.skipped.length === 0) return {};
    console.error(`Skipped, which is a failure here: ${this.skipped.join("; ")}`);
    return { status: "failed" };
  }
}
