/** The API's refusals (RFC 9457) as errors with a text for people. */

export type FieldError = {
  field?: string;
  code?: string;
  detail?: string;
  position?: number;
  length?: number;
  word?: string;
};

export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly errors: readonly FieldError[] = [],
  ) {
    super(detail || title);
  }

  /** What is wrong with one field of a form, or null. */
  field(name: string): string | null {
    return this.errors.find((error) => error.field === name)?.detail ?? null;
  }

  /** One sentence to show. */
  get sentence(): string {
    return this.errors[0]?.detail ?? (this.detail || this.title);
  }
}

/** The address could not be reached, or whoever answered may answer otherwise in a moment. */
export class Unreachable extends Error {}

const TRANSIENT = new Set([408, 425, 429, 502, 503, 504]);

export function isTransient(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof ApiProblem && TRANSIENT.has(error.status));
}

export function problemFrom(status: number, body: unknown): ApiProblem {
  const said = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const text = (key: string) => (typeof said[key] === "string" ? (said[key] as string) : "");
  const errors = Array.isArray(said.errors) ? (said.errors as FieldError[]) : [];
  return new ApiProblem(status, text("title") || "The request failed", text("detail"), errors);
}
