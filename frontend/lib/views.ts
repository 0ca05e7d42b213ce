/** What each page shows: which todos, in which order and under which headings. Pure selections over the replica's state. */
import { addDays, type Day, dayIn, dueDay, isOverdue } from "./days";
import type { Label, Project, Todo } from "./model";
import { byPosition, type State } from "./replica/state";

export type View =
  | { kind: "project"; id: string }
  | { kind: "today" }
  | { kind: "upcoming" }
  | { kind: "label"; id: string };

export type Group = { id: string; title: string | null; day?: Day; todos: Todo[] };
export type Clock = { now: Date; timeZone: string };

export const isOpen = (todo: Todo): boolean => todo.completed_at === null && todo.deleted_at === null;

const dueMoment = (todo: Todo): string => todo.due_at ?? `${todo.due_on}T23:59:59Z`;
const rank = (todo: Todo): number => todo.priority || 5;

/** Within a day: timed ones as the day goes, then by urgency. */
export function byDue(a: Todo, b: Todo): number {
  if (dueMoment(a) !== dueMoment(b)) return dueMoment(a) < dueMoment(b) ? -1 : 1;
  return rank(a) - rank(b) || byPosition(a, b);
}

export function inbox(state: State): Project | undefined {
  return [...state.projects.values()].find((project) => project.is_inbox);
}

export function projectsInOrder(state: State): Project[] {
  return [...state.projects.values()].filter((project) => !project.is_inbox).sort(byPosition);
}

export function labelsInOrder(state: State): Label[] {
  return [...state.labels.values()].sort((a, b) => a.name.localeCompare(b.name));
}

const NOBODY: ReadonlySet<string> = new Set();

/** The groups of a view. `lingering` todos are shown a moment longer, though they are done. */
export function select(
  state: State,
  view: View,
  { now, timeZone }: Clock,
  lingering: ReadonlySet<string> = NOBODY,
): Group[] {
  const today = dayIn(now, timeZone);
  const shown = (todo: Todo) => isOpen(todo) || (lingering.has(todo.id) && todo.deleted_at === null);
  const active = () =>
    [...state.todos.values()].filter((todo) => shown(todo) && state.projects.get(todo.project)?.archived !== true);
  if (view.kind === "project") {
    const todos = [...state.todos.values()].filter(
      (todo) => todo.project === view.id && shown(todo) && !hasOpenParent(state, todo),
    );
    return [{ id: view.id, title: null, todos: todos.sort(byPosition) }];
  }
  if (view.kind === "label") {
    const todos = active().filter((todo) => todo.labels.includes(view.id));
    return [{ id: view.id, title: null, todos: todos.sort(byPosition) }];
  }
  const dated = active().flatMap((todo) => {
    const day = dueDay(todo, timeZone);
    return day === null ? [] : [{ todo, day }];
  });
  if (view.kind === "today") {
    const overdue = dated.filter(({ day }) => day < today).map(({ todo }) => todo);
    const due = dated.filter(({ day }) => day === today).map(({ todo }) => todo);
    return [
      ...(overdue.length ? [{ id: "overdue", title: "Overdue", todos: overdue.sort(byDue) }] : []),
      { id: today, title: overdue.length ? "Today" : null, day: today, todos: due.sort(byDue) },
    ];
  }
  return upcoming(dated, today);
}

/** The next seven days, each shown even when empty, then every later day that has something. */
function upcoming(dated: { todo: Todo; day: Day }[], today: Day): Group[] {
  const days = new Map<Day, Todo[]>();
  for (let ahead = 0; ahead < 7; ahead++) days.set(addDays(today, ahead), []);
  for (const { todo, day } of dated) if (day >= today) days.set(day, [...(days.get(day) ?? []), todo]);
  return [...days]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([day, todos]) => ({ id: day, title: day, day, todos: todos.sort(byDue) }));
}

/** A subtask stands in its parent's row while that is open. */
export function hasOpenParent(state: State, todo: Todo): boolean {
  const parent = todo.parent ? state.todos.get(todo.parent) : undefined;
  return parent !== undefined && isOpen(parent);
}

/** Done todos of a project or label, the latest first. */
export function completed(state: State, view: View): Todo[] {
  const belongs = (todo: Todo) =>
    view.kind === "project" ? todo.project === view.id : view.kind === "label" && todo.labels.includes(view.id);
  return [...state.todos.values()]
    .filter((todo) => todo.completed_at !== null && todo.deleted_at === null && belongs(todo))
    .sort((a, b) => ((a.completed_at ?? "") < (b.completed_at ?? "") ? 1 : -1));
}

/** What was deleted, the latest first; a subtask that went with its parent stands in its row. */
export function trash(state: State): Todo[] {
  return [...state.todos.values()]
    .filter((todo) => todo.deleted_at !== null && !(todo.parent && state.todos.get(todo.parent)?.deleted_at))
    .sort((a, b) => ((a.deleted_at ?? "") < (b.deleted_at ?? "") ? 1 : -1));
}

export function subtasksOf(state: State, id: string): Todo[] {
  return [...state.todos.values()].filter((todo) => todo.parent === id && todo.deleted_at === null).sort(byPosition);
}

export type Counts = {
  projects: Map<string, number>;
  labels: Map<string, number>;
  subtasks: Map<string, number>;
  today: number;
  overdue: number;
};

/** All the numbers of the sidebar and of the rows, in one walk. */
export function count(state: State, { now, timeZone }: Clock): Counts {
  const today = dayIn(now, timeZone);
  const counts: Counts = { projects: new Map(), labels: new Map(), subtasks: new Map(), today: 0, overdue: 0 };
  const add = (map: Map<string, number>, key: string) => map.set(key, (map.get(key) ?? 0) + 1);
  for (const todo of state.todos.values()) {
    // A todo of an archived project rests.
    if (!isOpen(todo) || state.projects.get(todo.project)?.archived === true) continue;
    const day = dueDay(todo, timeZone);
    if (day !== null && day <= today) counts.today += 1;
    if (isOverdue(todo, now, timeZone)) counts.overdue += 1;
    for (const label of todo.labels) add(counts.labels, label);
    if (todo.parent) add(counts.subtasks, todo.parent);
    if (!hasOpenParent(state, todo)) add(counts.projects, todo.project);
  }
  return counts;
}

export type BoardBy = "priority" | "label";
export type Column = { id: string; title: string; todos: Todo[] };

/** A project's todos as columns: one for each priority, or one for each label (a todo stands in the first of its own). */
export function board(state: State, project: string, by: BoardBy): Column[] {
  const [group] = select(state, { kind: "project", id: project }, { now: new Date(), timeZone: "UTC" });
  const todos = group?.todos ?? [];
  if (by === "priority") {
    return [1, 2, 3, 4, 0].map((priority) => ({
      id: String(priority),
      title: ["No priority", "Urgent", "High", "Medium", "Low"][priority] ?? "",
      todos: todos.filter((todo) => todo.priority === priority),
    }));
  }
  const labels = labelsInOrder(state);
  const column = (todo: Todo) => labels.find((label) => todo.labels.includes(label.id))?.id ?? "";
  return [...labels.map(({ id, name }) => ({ id, title: name })), { id: "", title: "No label" }].map(
    ({ id, title }) => ({
      id,
      title,
      todos: todos.filter((todo) => column(todo) === id),
    }),
  );
}
