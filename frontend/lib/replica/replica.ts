/** The account in this tab: what the server confirmed, with the operations it has not answered yet laid over it. */
import { ApiProblem, isTransient } from "../problem";
import { apply, type Operation } from "./operations";
import { type Delta, EMPTY, merge, type State } from "./state";

/** What the server answered. `more`: the operation changed more than the answer shows (subtasks, what a project held). */
export type Sent = { delta: Delta; created?: { temporary: string; id: string }; more?: boolean };
export type Send = (operation: Operation, key: string, confirmed: State) => Promise<Sent>;

export type Snapshot = State & { ready: boolean; online: boolean; pending: number };
type Pending = { operation: Operation; key: string; at: string; done: (refusal: ApiProblem | null) => void };

const RETRY_AFTER = [500, 1_000, 2_000, 4_000];

export class Replica {
  private confirmed: State = EMPTY;
  private pending: Pending[] = [];
  private listeners = new Set<() => void>();
  private readonly real = new Map<string, string>();
  private readonly temporary = new Map<string, string>();
  private draining = false;
  private wake: (() => void) | null = null;
  private current: Snapshot = { ...EMPTY, ready: false, online: true, pending: 0 };

  /** `send` speaks to the server and throws what is transient, to be tried again; `pull` fetches the changes since. */
  constructor(
    private readonly send: Send,
    private readonly pull: () => Promise<void> = async () => {},
    private readonly confirmedOwn: () => void = () => {},
  ) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): Snapshot => this.current;

  /** What the server said, from the first load or from another device. */
  take(delta: Delta): void {
    const merged = merge(this.confirmed, delta);
    const changed =
      merged.todos !== this.confirmed.todos ||
      merged.projects !== this.confirmed.projects ||
      merged.labels !== this.confirmed.labels;
    if (!changed) return;
    this.confirmed = merged;
    this.show();
  }

  /** Forgets everything confirmed, for a load from the beginning. */
  replace(delta: Delta): void {
    this.confirmed = merge(EMPTY, delta);
    this.show({ ready: true });
  }

  get ready(): boolean {
    return this.current.ready;
  }

  markReady(): void {
    if (!this.current.ready) this.show({ ready: true });
  }

  /** The browser's or the poll's news about the connection; good news sends what waits. */
  setOnline(online: boolean): void {
    if (online) this.wake?.();
    if (online !== this.current.online) this.show({ online });
  }

  /** Shows the effect at once and sends it after all earlier ones; resolves with null, or the server's refusal once it is undone. */
  perform(operation: Operation): Promise<ApiProblem | null> {
    return new Promise((done) => {
      this.pending.push({ operation, key: crypto.randomUUID(), at: new Date().toISOString(), done });
      this.show();
      void this.drain();
    });
  }

  /** The server's id of a todo that was made here, once it has one. */
  realId(id: string): string {
    return this.real.get(id) ?? id;
  }

  /** One key for a todo before and after the server has named it, so that React keeps its row. */
  keyOf(id: string): string {
    return this.temporary.get(id) ?? id;
  }

  private async drain(): Promise<void> {
    if (this.draining) return;
    this.draining = true;
    for (let attempt = 0; this.pending.length > 0; ) {
      const [next] = this.pending as [Pending, ...Pending[]];
      try {
        const sent = await this.send(this.withRealIds(next.operation), next.key, this.confirmed);
        attempt = 0;
        this.name(sent);
        if (sent.more) await this.pull().catch(() => {});
        this.settle(next, sent);
      } catch (error) {
        if (isTransient(error)) {
          this.show({ online: false });
          await this.pause(RETRY_AFTER[Math.min(attempt++, RETRY_AFTER.length - 1)] ?? 4_000);
        } else {
          attempt = 0;
          this.refuse(
            next,
            error instanceof ApiProblem ? error : new ApiProblem(0, "Something went wrong", String(error)),
          );
        }
      }
    }
    this.draining = false;
  }

  private name({ created }: Sent): void {
    if (!created) return;
    this.real.set(created.temporary, created.id);
    this.temporary.set(created.id, created.temporary);
  }

  private settle(next: Pending, { delta }: Sent): void {
    this.confirmed = merge(this.confirmed, delta);
    this.pending = this.pending.filter((one) => one !== next);
    this.show({ online: true });
    next.done(null);
    this.confirmedOwn();
  }

  /** Takes the operation back, and with a refused creation all that was to follow on it. */
  private refuse(next: Pending, problem: ApiProblem): void {
    const orphaned = createdId(next.operation);
    const leaving = this.pending.filter(
      (one) => one === next || (orphaned !== null && mentions(one.operation, orphaned)),
    );
    this.pending = this.pending.filter((one) => !leaving.includes(one));
    this.show();
    for (const one of leaving) one.done(problem);
  }

  private show(change: Partial<Snapshot> = {}): void {
    const state = this.pending.reduce<State>(
      (so_far, { operation, at }) => apply(so_far, this.withRealIds(operation), at),
      this.confirmed,
    );
    this.current = { ...this.current, ...state, ...change, pending: this.pending.length };
    for (const listener of this.listeners) listener();
  }

  private pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** A creation keeps its temporary id; whatever refers to it uses the real one as soon as there is one. */
  private withRealIds<T extends Operation>(operation: T): T {
    if (this.real.size === 0) return operation;
    return replaceStrings(operation, (text) => this.real.get(text) ?? text) as T;
  }
}

function createdId(operation: Operation): string | null {
  if (operation.op !== "create") return null;
  if (operation.on === "todo") return operation.todo.id;
  return operation.on === "project" ? operation.project.id : operation.label.id;
}

const mentions = (operation: Operation, id: string): boolean => JSON.stringify(operation).includes(id);

function replaceStrings(value: unknown, replace: (text: string) => string): unknown {
  if (typeof value === "string") return replace(value);
  if (Array.isArray(value)) return value.map((one) => replaceStrings(one, replace));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, replaceStrings(one, replace)]));
}
