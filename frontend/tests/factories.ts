/** Values for tests, whole and valid, of which a test names only what it is about. */
import type { Project, Todo } from "@/lib/model";

export const aTodo = (change: Partial<Todo> = {}): Todo => ({
  id: "todo",
  title: "A todo",
  notes: "",
  project: "inbox",
  labels: [],
  priority: 0,
  due_at: null,
  due_on: null,
  time_zone: "UTC",
  remind_at: null,
  parent: null,
  position: "a",
  recurrence: "",
  recurs_from: "due",
  completed_at: null,
  deleted_at: null,
  created_at: "2026-11-01T00:00:00Z",
  updated_at: "2026-11-01T00:00:00Z",
  version: 1,
  ...change,
});

export const aProject = (change: Partial<Project> = {}): Project => ({
  id: "inbox",
  name: "Inbox",
  colour: "#64748b",
  position: "a",
  archived: false,
  is_inbox: true,
  created_at: "2026-11-01T00:00:00Z",
  updated_at: "2026-11-01T00:00:00Z",
  version: 1,
  ...change,
});
