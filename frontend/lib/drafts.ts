/** Todos, projects and labels made in this tab, as they are shown until the server has named them. */

import type { Label, Project, Todo } from "./model";
import { COLOURS } from "./model";
import type { QuickAdd } from "./quick-add";

const temporaryId = (): string => `new-${crypto.randomUUID()}`;

let made = 0;
/** After everything the server has placed, in the order of making. */
const lastPosition = (): string => `\uffff${String(made++).padStart(9, "0")}`;

export function draftTodo(fields: Partial<Todo> & { title: string; project: string }): Todo {
  const now = new Date().toISOString();
  return {
    id: temporaryId(),
    notes: "",
    labels: [],
    priority: 0,
    due_at: null,
    due_on: null,
    time_zone: "",
    remind_at: null,
    parent: null,
    position: lastPosition(),
    recurrence: "",
    recurs_from: "due",
    completed_at: null,
    deleted_at: null,
    created_at: now,
    updated_at: now,
    version: 0,
    ...fields,
  };
}

export function draftProject(name: string, colour: string): Project {
  const now = new Date().toISOString();
  return {
    id: temporaryId(),
    name,
    colour,
    position: lastPosition(),
    archived: false,
    is_inbox: false,
    created_at: now,
    updated_at: now,
    version: 0,
  };
}

export function draftLabel(name: string, colour: string): Label {
  const now = new Date().toISOString();
  return { id: temporaryId(), name, colour, created_at: now, updated_at: now, version: 0 };
}

/** A colour that the same name always gets. */
export function colourFor(name: string): string {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + letter.charCodeAt(0)) % 9973;
  return COLOURS[sum % COLOURS.length] ?? "#64748b";
}

type Known = { projects: readonly Project[]; labels: readonly Label[] };
export type Plan = { projects: Project[]; labels: Label[]; todo: Todo };

/** What has to be made for a line of quick add: unknown projects and labels first, then the todo. */
export function planFor(line: QuickAdd, known: Known, defaults: Partial<Todo> & { project: string }): Plan {
  const called = (name: string) => (one: { name: string }) => one.name.toLowerCase() === name.toLowerCase();
  const plan: Plan = { projects: [], labels: [], todo: draftTodo({ title: line.title, ...defaults }) };
  if (line.projectName) {
    let project = known.projects.find(called(line.projectName));
    if (!project) {
      project = draftProject(line.projectName, colourFor(line.projectName));
      plan.projects.push(project);
    }
    plan.todo.project = project.id;
    plan.todo.parent = null;
  }
  for (const name of line.labelNames) {
    let label = [...known.labels, ...plan.labels].find(called(name));
    if (!label) {
      label = draftLabel(name, colourFor(name));
      plan.labels.push(label);
    }
    if (!plan.todo.labels.includes(label.id)) plan.todo.labels = [...plan.todo.labels, label.id];
  }
  if (line.priority) plan.todo.priority = line.priority;
  if (line.due_at || line.due_on) Object.assign(plan.todo, { due_at: line.due_at, due_on: line.due_on });
  if (line.recurrence) Object.assign(plan.todo, { recurrence: line.recurrence, recurs_from: line.recurs_from });
  return plan;
}
