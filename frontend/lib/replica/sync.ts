/** Keeps the replica level with the server: one load at the start, then the changes since, again and again. */
import { api } from "../api";
import { ApiProblem, isTransient } from "../problem";
import type { Replica } from "./replica";
import type { Delta } from "./state";

const EVERY = 1_500;
const EVERY_IN_BACKGROUND = 15_000;

/** Polls while running; `heard` is called after news, `signedOut` when the session has ended. */
export class Sync {
  private cursor: string | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running = false;
  private polling: Promise<void> | null = null;
  private tabs: BroadcastChannel | null = null;

  constructor(
    private readonly replica: Replica,
    private readonly heard: () => void,
    private readonly signedOut: () => void,
  ) {}

  start(): void {
    this.running = true;
    this.tabs = new BroadcastChannel("todo-changes");
    this.tabs.onmessage = () => void this.now();
    document.addEventListener("visibilitychange", this.whenVisible);
    addEventListener("online", this.now);
    addEventListener("offline", this.lost);
    void this.now();
  }

  /** Resolves when the round under way has ended. */
  async stop(): Promise<void> {
    this.running = false;
    clearTimeout(this.timer);
    this.tabs?.close();
    this.tabs = null;
    document.removeEventListener("visibilitychange", this.whenVisible);
    removeEventListener("online", this.now);
    removeEventListener("offline", this.lost);
    await this.polling;
  }

  /** Tells the other tabs of this browser that something changed, so that they need not wait for their next poll. */
  tellOtherTabs(): void {
    this.tabs?.postMessage("changed");
  }

  /** Asks for changes now; at most one round at a time. */
  readonly now = (): Promise<void> => {
    this.polling ??= this.round()
      .catch(this.failed)
      .finally(() => {
        this.polling = null;
        clearTimeout(this.timer);
        if (this.running) this.timer = setTimeout(this.now, document.hidden ? EVERY_IN_BACKGROUND : EVERY);
      });
    return this.polling;
  };

  /** What has changed by now: a round that began before may have missed it. */
  async pull(): Promise<void> {
    await this.polling;
    await this.now();
  }

  private readonly whenVisible = (): void => {
    if (!document.hidden) void this.now();
  };

  /** A refusal that waiting does not mend: the page says so instead of showing old data as new. */
  private readonly failed = (): void => this.replica.setOnline(false);

  private readonly lost = (): void => this.replica.setOnline(false);

  private async round(): Promise<void> {
    try {
      if (this.replica.ready) await this.catchUp();
      else await this.load();
      this.replica.setOnline(true);
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 401) this.signedOut();
      else if (isTransient(error)) this.replica.setOnline(false);
      else if (error instanceof ApiProblem && error.status === 410) await this.load();
      else throw error;
    }
  }

  /** The feed from its beginning is the whole account; it is shown when it is complete. */
  private async load(): Promise<void> {
    const all: Required<Delta> = { todos: [], projects: [], labels: [], deleted: [] };
    let cursor: string | undefined;
    for (let more = true; more; ) {
      const page = await api.changes(cursor);
      all.todos = all.todos.concat(page.todos);
      all.projects = all.projects.concat(page.projects);
      all.labels = all.labels.concat(page.labels);
      all.deleted = all.deleted.concat(page.deleted);
      cursor = page.next_cursor;
      more = page.has_more;
    }
    this.replica.replace(all);
    this.cursor = cursor;
  }

  private async catchUp(): Promise<void> {
    for (let more = true; more; ) {
      const changes = await api.changes(this.cursor);
      this.replica.take(changes);
      this.cursor = changes.next_cursor;
      more = changes.has_more;
      if (changes.todos.length + changes.projects.length + changes.labels.length + changes.deleted.length > 0)
        this.heard();
    }
  }
}
