/** The one door to the API: every request of the app is made here, and what it answers leaves here typed or as an `ApiProblem`. */
import createClient from "openapi-fetch";
import type { paths } from "./api-schema";
import type { ApiToken, BulkCommand, LabelPatch, ProjectPatch, TodoInput, TodoPatch, User } from "./model";
import { ApiProblem, problemFrom, Unreachable } from "./problem";

const PATIENCE = 30_000;
const PATIENCE_WITH_FILES = 300_000;
const MERGE_PATCH = { "Content-Type": "application/merge-patch+json" };
const SESSION = "/api/v1/auth/session";
let csrfToken: string | null = null;
let reads = new AbortController();

const client = createClient<paths>({ baseUrl: "", fetch: send, headers: { accept: "application/json" } });

/** The only fetch. Unsafe requests carry the session's CSRF token; when another tab's sign-in has changed it, a fresh one, once. */
async function send(request: Request): Promise<Response> {
  if (request.method === "GET") return reach(request);
  const again = request.clone();
  const response = await reach(await withToken(request));
  if (response.status !== 403 || !/csrf/i.test(await response.clone().text())) return response;
  csrfToken = null;
  return reach(await withToken(again));
}

async function withToken(request: Request): Promise<Request> {
  if (csrfToken === null) await session();
  request.headers.set("X-CSRFToken", csrfToken ?? "");
  return request;
}

async function reach(request: Request): Promise<Response> {
  const patience = request.url.includes("/api/v1/import") ? PATIENCE_WITH_FILES : PATIENCE;
  const ends = [request.signal, AbortSignal.timeout(patience)];
  if (request.method === "GET" && !request.url.endsWith(SESSION)) ends.push(reads.signal);
  try {
    return await fetch(request, { signal: AbortSignal.any(ends) });
  } catch (error) {
    throw new Unreachable("The server cannot be reached.", { cause: error });
  }
}

type Answer<T> = { data?: T; error?: unknown; response: Response };

async function take<T>(asked: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await asked;
  if (!response.ok) throw problemFrom(response.status, error);
  return data as T;
}

async function session(): Promise<User | null> {
  const said = await take(client.GET(SESSION));
  csrfToken = said.csrf_token;
  return said.user;
}

/** Signing in or out gives the session a new CSRF token. */
async function changingSession<T>(asked: Promise<T>): Promise<T> {
  const result = await asked;
  csrfToken = null;
  return result;
}

/** Nothing is read any more: it would only be refused, and the browser would complain. Reads go on when the session stays. */
async function endingSession<T>(end: () => Promise<T>): Promise<T> {
  reads.abort();
  try {
    return await changingSession(end());
  } catch (error) {
    reads = new AbortController();
    throw error;
  }
}

const once = (key: string) => ({ "Idempotency-Key": key });
const overVersion = (version: number, key: string) => ({ "If-Match": `"${version}"`, ...once(key) });
const todoAt = (todo_id: string) => ({ path: { todo_id } });
const projectAt = (project_id: string) => ({ path: { project_id } });
const labelAt = (label_id: string) => ({ path: { label_id } });

export type TodoAction = "complete" | "reopen" | "restore";

export const api = {
  session,
  signUp: (email: string, password: string, time_zone: string) =>
    changingSession(take(client.POST("/api/v1/auth/signup", { body: { email, password, time_zone } }))),
  signIn: (email: string, password: string) =>
    changingSession(take(client.POST("/api/v1/auth/login", { body: { email, password } }))),
  signOut: () => endingSession(() => take(client.POST("/api/v1/auth/logout"))),
  changePassword: (current_password: string, new_password: string) =>
    changingSession(take(client.POST("/api/v1/auth/password", { body: { current_password, new_password } }))),
  updateUser: (body: Partial<Pick<User, "time_zone" | "email_reminders">>) =>
    take(client.PATCH(SESSION, { body, headers: MERGE_PATCH })),
  /** OpenAPI describes no bodies of DELETE, so the types know none. */
  deleteAccount: (password: string) =>
    endingSession(() => take(client.DELETE("/api/v1/auth/account", { body: { password } as never }))),

  tokens: () => take(client.GET("/api/v1/auth/tokens")),
  createToken: (name: string, scopes: ApiToken["scopes"], expires_at: string | null) =>
    take(client.POST("/api/v1/auth/tokens", { body: { name, scopes, expires_at } })),
  deleteToken: (token_id: string) =>
    take(client.DELETE("/api/v1/auth/tokens/{token_id}", { params: { path: { token_id } } })),

  changes: (since: string | undefined) => take(client.GET("/api/v1/changes", { params: { query: { since } } })),
  search: (q: string, cursor?: string) =>
    take(client.GET("/api/v1/todos", { params: { query: { q, cursor, limit: 100 } } })),

  todo: (id: string) => take(client.GET("/api/v1/todos/{todo_id}", { params: todoAt(id) })),
  createTodo: (body: TodoInput, key: string) => take(client.POST("/api/v1/todos", { body, headers: once(key) })),
  updateTodo: (id: string, body: TodoPatch, version: number, key: string) =>
    take(
      client.PATCH("/api/v1/todos/{todo_id}", {
        params: todoAt(id),
        body,
        headers: { ...MERGE_PATCH, ...overVersion(version, key) },
      }),
    ),
  deleteTodo: (id: string, key: string) =>
    take(client.DELETE("/api/v1/todos/{todo_id}", { params: todoAt(id), headers: once(key) })),
  actOnTodo: (id: string, action: TodoAction, key: string) =>
    take(client.POST(`/api/v1/todos/{todo_id}/${action}`, { params: todoAt(id), headers: once(key) })),
  moveTodo: (id: string, body: { before?: string; after?: string; project?: string }, key: string) =>
    take(client.POST("/api/v1/todos/{todo_id}/move", { params: todoAt(id), body, headers: once(key) })),
  bulk: (commands: BulkCommand[], key: string) =>
    take(client.POST("/api/v1/todos/bulk", { body: { commands }, headers: once(key) })),
  purgeTodo: (id: string, key: string) =>
    take(client.DELETE("/api/v1/trash/{todo_id}", { params: todoAt(id), headers: once(key) })),
  emptyTrash: (key: string) => take(client.DELETE("/api/v1/trash", { headers: once(key) })),

  project: (id: string) => take(client.GET("/api/v1/projects/{project_id}", { params: projectAt(id) })),
  createProject: (body: { name: string; colour: string }, key: string) =>
    take(client.POST("/api/v1/projects", { body, headers: once(key) })),
  updateProject: (id: string, body: ProjectPatch, version: number, key: string) =>
    take(
      client.PATCH("/api/v1/projects/{project_id}", {
        params: projectAt(id),
        body,
        headers: { ...MERGE_PATCH, ...overVersion(version, key) },
      }),
    ),
  deleteProject: (id: string, key: string) =>
    take(client.DELETE("/api/v1/projects/{project_id}", { params: projectAt(id), headers: once(key) })),

  label: (id: string) => take(client.GET("/api/v1/labels/{label_id}", { params: labelAt(id) })),
  createLabel: (body: { name: string; colour: string }, key: string) =>
    take(client.POST("/api/v1/labels", { body, headers: once(key) })),
  updateLabel: (id: string, body: LabelPatch, version: number, key: string) =>
    take(
      client.PATCH("/api/v1/labels/{label_id}", {
        params: labelAt(id),
        body,
        headers: { ...MERGE_PATCH, ...overVersion(version, key) },
      }),
    ),
  deleteLabel: (id: string, key: string) =>
    take(client.DELETE("/api/v1/labels/{label_id}", { params: labelAt(id), headers: once(key) })),

  activity: (cursor?: string) => take(client.GET("/api/v1/activity", { params: { query: { cursor } } })),
  notifications: (query: { unread?: boolean; cursor?: string; limit?: number }) =>
    take(client.GET("/api/v1/notifications", { params: { query } })),
  markNotification: (notification_id: string, read: boolean) =>
    take(
      client.POST(`/api/v1/notifications/{notification_id}/${read ? "read" : "unread"}`, {
        params: { path: { notification_id } },
      }),
    ),
  markAllRead: () => take(client.POST("/api/v1/notifications/read-all")),

  /** The body is the file itself; the format says how to read it. */
  importTodos: (file: Blob, format: Format, mode: "preview" | "all" | "valid", key: string) =>
    take(
      client.POST("/api/v1/import", {
        params: { query: { format, mode } },
        body: file as unknown as string,
        bodySerializer: (body: unknown) => body as Blob,
        headers: { "Content-Type": "application/octet-stream", ...once(key) },
      }),
    ),
  exportUrl: (format: Format) => `/api/v1/export?format=${format}`,

  /** How the gateway reaches the API at this moment. */
  route: async (): Promise<GatewayRoute> => {
    const response = await reach(new Request("/gateway"));
    if (!response.ok) throw new ApiProblem(response.status, "The gateway does not answer", "");
    return await response.json();
  },
};

export type GatewayRoute = {
  route: "direct" | "sidecar";
  phase: number | null;
  sidecar_wanted: boolean;
  breaker_open: boolean;
};

export type Format = NonNullable<NonNullable<paths["/api/v1/import"]["post"]["parameters"]["query"]>["format"]>;
