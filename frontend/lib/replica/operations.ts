/** What a person can do to the account, as plain data, and its effect before the server has answered. */
import type { Label, LabelPatch, Project, ProjectPatch, Todo, TodoPatch } from "../model";
import { byPosition, type State } from "./state";

export type Place = { before?: string; after?: string; project?: string };

/** One change of one todo. `base` holds the values that the person saw when deciding on `patch`. */
export type TodoCommand =
  | { op: "update"; id: string; patch: TodoPatch; base: TodoPatch }
  | { op: "complete" | "reopen" | "delete" | "restore"; id: string }
  | { op: "move"; id: string; to: Place };

export type Operation =
  | { on: "todo"; op: "create"; todo: Todo }
  | ({ on: "todo" } & TodoCommand)
  | { on: "todo"; op: "purge"; id: string }
  | { on: "todo"; op: "empty-trash" }
  | { on: "todo"; op: "bulk"; commands: TodoCommand[] }
  | { on: "project"; op: "create"; project: Project }
  | { on: "project"; op: "update"; id: string; patch: ProjectPatch; base: ProjectPatch }
  | { on: "project"; op: "delete"; id: string }
  | { on: "label"; op: "create"; label: Label }
  | { on: "label"; op: "update"; id: string; patch: LabelPatch; base: LabelPatch }
  | { on: "label"; op: "delete"; id: string };

/** The state as it will be once the server has agreed. */
export function apply(state: State, operation: Operation, now: string): State {
  if (operation.on === "project") return { ...state, ...applyToProject(state, operation) };
  if (operation.on === "label") return { ...state, labels: applyToLabels(state.labels, operation) };
  const todos = new Map(state.todos);
  if (operation.op === "create") todos.set(operation.todo.id, operation.todo);
  else if (operation.op === "purge") todos.delete(operation.id);
  else if (operation.op === "empty-trash")
    for (const todo of state.todos.values()) todo.deleted_at && todos.delete(todo.id);
  else if (operation.op === "bulk") for (const command of operation.commands) applyCommand(todos, command, now);
  else applyCommand(todos, operation, now);
  return { ...state, todos };
}

function applyCommand(todos: Map<string, Todo>, command: TodoCommand, now: string): void {
  const todo = todos.get(command.id);
  if (!todo) return;
  const set = (change: Partial<Todo>) => todos.set(todo.id, { ...todo, ...change });
  if (command.op === "update") set(command.patch);
  const withSubtasks = (change: Partial<Todo>, which: (one: Todo) => boolean) => {
    set(change);
    for (const one of todos.values())
      if (one.parent === todo.id && which(one)) todos.set(one.id, { ...one, ...change });
  };
  if (command.op === "complete") withSubtasks({ completed_at: now }, (one) => one.completed_at === null);
  if (command.op === "reopen") set({ completed_at: null });
  if (command.op === "delete") withSubtasks({ deleted_at: now }, (one) => one.deleted_at === null);
  if (command.op === "restore") set({ deleted_at: null });
  if (command.op === "move") {
    const project = command.to.project ?? todo.project;
    const position = positionAt(todos, todo, command.to);
    if (project !== todo.project) withSubtasks({ project }, () => true);
    todos.set(todo.id, { ...todo, project, position });
  }
}

/**
 * A position for showing only, until the server has made the real one: right after its neighbour's, and before every key
 * a server makes from printable characters.
 */
function positionAt(todos: Map<string, Todo>, todo: Todo, { before, after }: Place): string {
  const previous = after ? todos.get(after) : before ? neighbourBefore(todos, todo, before) : null;
  return after || before ? `${previous?.position ?? ""}\u0001` : todo.position;
}

function neighbourBefore(todos: Map<string, Todo>, moved: Todo, before: string): Todo | null {
  const target = todos.get(before);
  if (!target) return null;
  const siblings = [...todos.values()]
    .filter((one) => one.project === target.project && one.parent === target.parent && one.id !== moved.id)
    .sort(byPosition);
  return siblings[siblings.findIndex((one) => one.id === before) - 1] ?? null;
}

type OnProject = Extract<Operation, { on: "project" }>;
type OnLabel = Extract<Operation, { on: "label" }>;

function applyToProject(state: State, operation: OnProject): Partial<State> {
  const projects = new Map(state.projects);
  if (operation.op === "create") projects.set(operation.project.id, operation.project);
  const known = operation.op === "create" ? undefined : projects.get(operation.id);
  if (operation.op === "update" && known) projects.set(known.id, { ...known, ...operation.patch });
  if (operation.op !== "delete") return { projects };
  projects.delete(operation.id);
  return { projects, todos: new Map([...state.todos].filter(([, todo]) => todo.project !== operation.id)) };
}

function applyToLabels(labels: State["labels"], operation: OnLabel): State["labels"] {
  const changed = new Map(labels);
  if (operation.op === "create") return changed.set(operation.label.id, operation.label);
  const known = changed.get(operation.id);
  if (operation.op === "update" && known) changed.set(known.id, { ...known, ...operation.patch });
  if (operation.op === "delete") changed.delete(operation.id);
  return changed;
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The fields in which somebody else has meanwhile written something that is neither what this person saw nor what they wrote. */
export function conflictingFields(patch: object, base: object, theirs: object): string[] {
  const value = (of: object, field: string) => (of as Record<string, unknown>)[field];
  return Object.keys(patch).filter(
    (field) => !same(value(theirs, field), value(base, field)) && !same(value(theirs, field), value(patch, field)),
  );
}
