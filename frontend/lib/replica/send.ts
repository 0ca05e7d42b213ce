/** Operations as requests to the API, with the meeting of two writers settled field by field. */
import { api } from "../api";
import type { BulkCommand, Label, LabelPatch, Project, ProjectPatch, TodoPatch } from "../model";
import { ApiProblem } from "../problem";
import { conflictingFields, type Operation, type TodoCommand } from "./operations";
import type { Send, Sent } from "./replica";
import type { Delta, State } from "./state";

type Versioned = { id: string; version: number };

/** Somebody else wrote the same fields meanwhile; `theirs` is the whole of what the server has now. */
export class Conflict extends ApiProblem {
  constructor(
    readonly operation: Operation,
    readonly theirs: Versioned,
    readonly delta: Delta,
    readonly fields: readonly string[],
  ) {
    super(412, "Changed elsewhere", "This was changed on another device while you were editing it.");
  }
}

/** Fields that the server fills in itself are not sent. */
const NEW_TODO_FIELDS = [
  "title",
  "notes",
  "project",
  "labels",
  "priority",
  "due_at",
  "due_on",
  "remind_at",
  "parent",
  "recurrence",
  "recurs_from",
] as const;

export const send: Send = (operation, key, confirmed) => {
  if (operation.on === "todo") return sendTodo(operation, key, confirmed);
  if (operation.on === "project")
    return sendNamed(projects, operation, operation.op === "create" ? operation.project : null, key, confirmed);
  return sendNamed(labels, operation, operation.op === "create" ? operation.label : null, key, confirmed);
};

type Kind<T extends Versioned, Patch> = {
  create: (body: { name: string; colour: string }, key: string) => Promise<T>;
  patch: (id: string, patch: Patch, version: number, key: string) => Promise<T>;
  get: (id: string) => Promise<T>;
  remove: (id: string, key: string) => Promise<unknown>;
  known: (state: State, id: string) => T | undefined;
  delta: (value: T) => Delta;
};
const projects: Kind<Project, ProjectPatch> = {
  create: api.createProject,
  patch: api.updateProject,
  get: api.project,
  remove: api.deleteProject,
  known: (state, id) => state.projects.get(id),
  delta: (value) => ({ projects: [value] }),
};
const labels: Kind<Label, LabelPatch> = {
  create: api.createLabel,
  patch: api.updateLabel,
  get: api.label,
  remove: api.deleteLabel,
  known: (state, id) => state.labels.get(id),
  delta: (value) => ({ labels: [value] }),
};

type OnNamed = Extract<Operation, { on: "project" | "label" }>;
type Named = Versioned & { name: string; colour: string };

async function sendNamed<T extends Named, Patch extends object>(
  kind: Kind<T, Patch>,
  operation: OnNamed,
  made: Named | null,
  key: string,
  confirmed: State,
): Promise<Sent> {
  if (made) {
    const saved = await kind.create({ name: made.name, colour: made.colour }, key);
    return { delta: kind.delta(saved), created: { temporary: made.id, id: saved.id } };
  }
  if (operation.op === "update") {
    const change = { id: operation.id, patch: operation.patch as Patch, base: operation.base };
    return { delta: kind.delta(await update(operation, change, kind.known(confirmed, operation.id), kind, key)) };
  }
  if (operation.op === "delete") await kind.remove(operation.id, key);
  return { delta: {}, more: true };
}

async function sendTodo(operation: Extract<Operation, { on: "todo" }>, key: string, confirmed: State): Promise<Sent> {
  switch (operation.op) {
    case "create": {
      const body = Object.fromEntries(NEW_TODO_FIELDS.map((field) => [field, operation.todo[field]])) as TodoPatch;
      const saved = await api.createTodo({ ...body, title: operation.todo.title }, key);
      return { delta: { todos: [saved] }, created: { temporary: operation.todo.id, id: saved.id } };
    }
    case "update": {
      const saved = await update(
        operation,
        operation,
        confirmed.todos.get(operation.id),
        { patch: api.updateTodo, get: api.todo, delta: (todo) => ({ todos: [todo] }) },
        key,
      );
      return { delta: { todos: [saved] } };
    }
    case "move":
      return {
        delta: { todos: [await api.moveTodo(operation.id, operation.to, key)] },
        more: operation.to.project !== undefined,
      };
    case "delete":
      await api.deleteTodo(operation.id, key);
      return { delta: {}, more: true };
    case "purge":
      await api.purgeTodo(operation.id, key);
      return { delta: {}, more: true };
    case "empty-trash":
      await api.emptyTrash(key);
      return { delta: {}, more: true };
    case "bulk": {
      const { results } = await api.bulk(operation.commands.map(bulkCommand), key);
      return { delta: { todos: results.flatMap((result) => result.todo ?? []) }, more: true };
    }
    default:
      return { delta: { todos: [await api.actOnTodo(operation.id, operation.op, key)] }, more: true };
  }
}

function bulkCommand(command: TodoCommand): BulkCommand {
  if (command.op === "update") return { op: "update", id: command.id, data: command.patch };
  if (command.op === "move") return { op: "move", id: command.id, data: command.to };
  return { op: command.op, id: command.id };
}

type Updating<T extends Versioned, Patch> = Pick<Kind<T, Patch>, "patch" | "get" | "delta">;
type Change<Patch> = { id: string; patch: Patch; base: object };

/** Writes over the version known here. When that is old, other people's changes of other fields are kept and ours is sent again. */
async function update<T extends Versioned, Patch extends object>(
  operation: Operation,
  { id, patch, base }: Change<Patch>,
  known: T | undefined,
  kind: Updating<T, Patch>,
  key: string,
): Promise<T> {
  let current = known ?? (await kind.get(id));
  for (;;) {
    const fields = conflictingFields(patch, base, current);
    if (fields.length > 0) throw new Conflict(operation, current, kind.delta(current), fields);
    try {
      return await kind.patch(id, patch, current.version, `${key}-${current.version}`);
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.status !== 412) throw error;
      current = await kind.get(id);
    }
  }
}
