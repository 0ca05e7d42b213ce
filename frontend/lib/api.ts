/** The one door to the API: every request of the app is made here, and what it answers leaves here typed or as an `ApiProblem`. */
import type {
  Activity,
  ApiToken,
  Changes,
  Label,
  LabelPatch,
  Notification,
  Page,
  Project,
  ProjectPatch,
  Todo,
  TodoPatch,
  User,
} from "./model";
import { ApiProblem, problemFrom, Unreachable } from "./problem";

type Query = Record<string, string | number | boolean | undefined>;
type Options = {
  query?: Query;
  json?: unknown;
  body?: BodyInit;
  headers?: Record<string, string>;
  signal?: AbortSignal;
};

const PATIENCE = 30_000;
const SAFE = new Set(["GET", "HEAD"]);
let csrfToken: string | null = null;

async function call<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const response = await fetchRaw(method, path, options);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

async function fetchRaw(method: string, path: string, options: Options, again = true): Promise<Response> {
  const { query = {}, json, body, headers = {}, signal } = options;
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value));
  const search = parameters.size ? `?${parameters}` : "";
  if (!SAFE.has(method) && csrfToken === null) await session();
  let response: Response;
  try {
    response = await fetch(`/api/v1/${path}${search}`, {
      method,
      headers: {
        accept: "application/json",
        ...(json === undefined
          ? {}
          : { "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json" }),
        ...(SAFE.has(method) ? {} : { "x-csrftoken": csrfToken ?? "" }),
        ...headers,
      },
      body: json === undefined ? body : JSON.stringify(json),
      signal: signal ?? AbortSignal.timeout(PATIENCE),
    });
  } catch (error) {
    throw new Unreachable("The server cannot be reached.", { cause: error });
  }
  if (response.ok) return response;
  const problem = problemFrom(response.status, await response.json().catch(() => null));
  // Signing in elsewhere changes the CSRF token; a fresh one settles that, once.
  if (again && response.status === 403 && !SAFE.has(method) && /csrf/i.test(problem.detail)) {
    csrfToken = null;
    return fetchRaw(method, path, options, false);
  }
  throw problem;
}

async function session(): Promise<User | null> {
  const said = await call<{ user: User | null; csrf_token: string }>("GET", "auth/session");
  csrfToken = said.csrf_token;
  return said.user;
}

/** Signing in or out gives the session a new CSRF token. */
async function changingSession<T>(work: Promise<T>): Promise<T> {
  const result = await work;
  csrfToken = null;
  return result;
}

const ifMatch = (version: number) => ({ "if-match": `"${version}"` });
const idempotent = (key: string) => ({ "idempotency-key": key });

export type TodoQuery = {
  q?: string;
  project?: string;
  label?: string;
  completed?: boolean;
  parent?: string;
  sort?: string;
  limit?: number;
  cursor?: string;
};
export type BulkCommand = { op: string; id?: string; data?: unknown };
export type ImportMode = "preview" | "all" | "valid";
export type Format = "json" | "csv" | "todotxt" | "ical";
export type ImportReport = {
  total: number;
  valid: number;
  invalid: number;
  created: number;
  errors: { row: number; field?: string; detail: string }[];
  preview: { row: number; title: string; project: string; due: string | null }[];
};

export const api = {
  session,
  signUp: (email: string, password: string, time_zone: string) =>
    changingSession(call<{ user: User }>("POST", "auth/signup", { json: { email, password, time_zone } })),
  signIn: (email: string, password: string) =>
    changingSession(call<{ user: User }>("POST", "auth/login", { json: { email, password } })),
  signOut: () => changingSession(call<void>("POST", "auth/logout")),
  changePassword: (current_password: string, new_password: string) =>
    changingSession(call<void>("POST", "auth/password", { json: { current_password, new_password } })),
  updateUser: (patch: Partial<Pick<User, "time_zone" | "email_reminders">>) =>
    call<User>("PATCH", "auth/session", { json: patch }),
  deleteAccount: (password: string) => changingSession(call<void>("DELETE", "auth/account", { json: { password } })),

  tokens: () => call<Page<ApiToken>>("GET", "auth/tokens"),
  createToken: (name: string, scopes: string[], expires_at: string | null) =>
    call<ApiToken & { token: string }>("POST", "auth/tokens", { json: { name, scopes, expires_at } }),
  deleteToken: (id: string) => call<void>("DELETE", `auth/tokens/${id}`),

  changes: (since: string | undefined, signal?: AbortSignal) =>
    call<Changes>("GET", "changes", { query: { since }, signal }),

  todos: (query: TodoQuery, signal?: AbortSignal) => call<Page<Todo>>("GET", "todos", { query, signal }),
  todo: (id: string) => call<Todo>("GET", `todos/${id}`),
  createTodo: (todo: TodoPatch & { title: string }, key: string) =>
    call<Todo>("POST", "todos", { json: todo, headers: idempotent(key) }),
  updateTodo: (id: string, patch: TodoPatch, version: number, key: string) =>
    call<Todo>("PATCH", `todos/${id}`, { json: patch, headers: { ...ifMatch(version), ...idempotent(key) } }),
  deleteTodo: (id: string, key: string) => call<void>("DELETE", `todos/${id}`, { headers: idempotent(key) }),
  actOnTodo: (id: string, action: "complete" | "reopen" | "restore", key: string) =>
    call<Todo>("POST", `todos/${id}/${action}`, { headers: idempotent(key) }),
  moveTodo: (id: string, to: { before?: string; after?: string; project?: string }, key: string) =>
    call<Todo>("POST", `todos/${id}/move`, { json: to, headers: idempotent(key) }),
  bulk: (commands: BulkCommand[], key: string) =>
    call<{ results: { op: string; id: string; todo: Todo | null }[] }>("POST", "todos/bulk", {
      json: { commands },
      headers: idempotent(key),
    }),

  purgeTodo: (id: string, key: string) => call<void>("DELETE", `trash/${id}`, { headers: idempotent(key) }),
  emptyTrash: (key: string) => call<void>("DELETE", "trash", { headers: idempotent(key) }),

  createProject: (project: ProjectPatch, key: string) =>
    call<Project>("POST", "projects", { json: project, headers: idempotent(key) }),
  project: (id: string) => call<Project>("GET", `projects/${id}`),
  updateProject: (id: string, patch: ProjectPatch, version: number, key: string) =>
    call<Project>("PATCH", `projects/${id}`, { json: patch, headers: { ...ifMatch(version), ...idempotent(key) } }),
  deleteProject: (id: string, key: string) => call<void>("DELETE", `projects/${id}`, { headers: idempotent(key) }),

  createLabel: (label: LabelPatch, key: string) =>
    call<Label>("POST", "labels", { json: label, headers: idempotent(key) }),
  label: (id: string) => call<Label>("GET", `labels/${id}`),
  updateLabel: (id: string, patch: LabelPatch, version: number, key: string) =>
    call<Label>("PATCH", `labels/${id}`, { json: patch, headers: { ...ifMatch(version), ...idempotent(key) } }),
  deleteLabel: (id: string, key: string) => call<void>("DELETE", `labels/${id}`, { headers: idempotent(key) }),

  activity: (cursor?: string) => call<Page<Activity>>("GET", "activity", { query: { cursor } }),
  notifications: (query: { unread?: boolean; cursor?: string; limit?: number }) =>
    call<Page<Notification>>("GET", "notifications", { query }),
  markNotification: (id: string, read: boolean) =>
    call<Notification>("POST", `notifications/${id}/${read ? "read" : "unread"}`),
  markAllRead: () => call<void>("POST", "notifications/read-all"),

  importTodos: (content: Blob, format: Format, mode: ImportMode) =>
    call<ImportReport>("POST", "import", {
      query: { format, mode },
      body: content,
      headers: { "content-type": content.type },
    }),
  exportUrl: (format: Format) => `/api/v1/export?format=${format}`,

  /** How the gateway reaches the API at this moment. */
  route: async () => {
    const response = await fetch("/gateway");
    if (!response.ok) throw new ApiProblem(response.status, "The gateway does not answer", "");
    return (await response.json()) as {
      route: "direct" | "sidecar";
      phase: number | null;
      sidecar_wanted: boolean;
      breaker_open: boolean;
    };
  },
};
