/** The shapes of the product as the app speaks of them; each is the API's own, taken from its generated types. */

export type Todo = {
  id: string;
  title: string;
  notes: string;
  project: string;
  labels: string[];
  priority: number;
  due_at: string | null;
  due_on: string | null;
  time_zone: string;
  remind_at: string | null;
  parent: string | null;
  position: string;
  recurrence: string;
  recurs_from: "due" | "completion";
  completed_at: string | null;
  deleted_at: string | null;
  created_at: string;
  updated_at: string;
  version: number;
};
export type Project = {
  id: string;
  name: string;
  colour: string;
  position: string;
  archived: boolean;
  is_inbox: boolean;
  created_at: string;
  updated_at: string;
  version: number;
};
export type Label = {
  id: string;
  name: string;
  colour: string;
  created_at: string;
  updated_at: string;
  version: number;
};
export type User = { id: string; email: string; time_zone: string; email_reminders: boolean; created_at: string };
export type Activity = {
  id: string;
  type: string;
  subject_id: string;
  title: string;
  data: Record<string, unknown>;
  happened_at: string;
};
export type Notification = {
  id: string;
  kind: string;
  todo: string;
  title: string;
  remind_at: string;
  created_at: string;
  read_at: string | null;
};
export type ApiToken = {
  id: string;
  name: string;
  scopes: string[];
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
};

export type TodoPatch = Partial<
  Pick<
    Todo,
    | "title"
    | "notes"
    | "project"
    | "labels"
    | "priority"
    | "due_at"
    | "due_on"
    | "remind_at"
    | "recurrence"
    | "recurs_from"
    | "parent"
  >
>;
export type ProjectPatch = Partial<Pick<Project, "name" | "colour" | "archived">>;
export type LabelPatch = Partial<Pick<Label, "name" | "colour">>;

export type Page<T> = { results: T[]; next_cursor: string | null };
export type Changes = {
  todos: Todo[];
  projects: Project[];
  labels: Label[];
  deleted: { type: string; id: string }[];
  next_cursor: string;
  has_more: boolean;
};

/** 0 is none; 1 the most urgent. */
export const PRIORITIES = [
  { value: 1, name: "Urgent" },
  { value: 2, name: "High" },
  { value: 3, name: "Medium" },
  { value: 4, name: "Low" },
  { value: 0, name: "No priority" },
] as const;

export const COLOURS = [
  "#64748b",
  "#dc2626",
  "#ea580c",
  "#ca8a04",
  "#16a34a",
  "#0d9488",
  "#2563eb",
  "#7c3aed",
  "#db2777",
];
