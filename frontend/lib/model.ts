/** The shapes of the product as the app speaks of them; each is the API's own, taken from its generated types. */
import type { components } from "./api-schema";

type Schemas = components["schemas"];

export type Todo = Schemas["Todo"];
export type Project = Schemas["ProjectOutput"];
export type Label = Schemas["LabelOutput"];
export type User = Schemas["UserOutput"];
export type Activity = Schemas["ActivityOutput"];
export type Notification = Schemas["NotificationOutput"];
export type ApiToken = Schemas["TokenOutput"];
export type ImportReport = Schemas["ImportReport"];
export type Changes = Schemas["Changes"];
export type TodoInput = Schemas["TodoInput"];
export type TodoPatch = Schemas["PatchedTodoInput"];
export type ProjectPatch = Schemas["PatchedProjectPatch"];
export type LabelPatch = Schemas["PatchedLabelInput"];
export type BulkCommand = Schemas["BulkCommand"];
export type Page<T> = { results: T[]; next_cursor: string | null };

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
