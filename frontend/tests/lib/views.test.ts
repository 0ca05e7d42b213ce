import { expect, test } from "vitest";
import { EMPTY, merge } from "@/lib/replica/state";
import { board, completed, count, select, trash, type View } from "@/lib/views";
import { aProject, aTodo } from "../factories";

const clock = { now: new Date("2026-11-24T12:00:00Z"), timeZone: "UTC" };
const stateOf = (...todos: Parameters<typeof aTodo>[0][]) =>
  merge(EMPTY, {
    todos: todos.map((todo, index) => aTodo({ id: `t${index}`, title: `t${index}`, ...todo })),
    projects: [aProject(), aProject({ id: "old", archived: true, is_inbox: false })],
    labels: [
      { id: "b", name: "beta", colour: "#000000", created_at: "", updated_at: "", version: 1 },
      { id: "a", name: "alpha", colour: "#000000", created_at: "", updated_at: "", version: 1 },
    ],
  });
const shown = (state: ReturnType<typeof stateOf>, view: View) =>
  select(state, view, clock).map((group) => [group.title, ...group.todos.map((todo) => todo.id)]);

test("a project shows its open todos by position, subtasks inside their parents", () => {
  const state = stateOf(
    { position: "b" },
    { position: "a" },
    { position: "a5", parent: "t0" },
    { position: "0", completed_at: "2026-11-01T00:00:00Z" },
    { position: "0", deleted_at: "2026-11-01T00:00:00Z" },
    { position: "c", parent: "t3" },
    { project: "other" },
  );
  expect(shown(state, { kind: "project", id: "inbox" })).toEqual([[null, "t1", "t0", "t5"]]);
});

test("a todo that was just done lingers where it stood", () => {
  const state = stateOf({ completed_at: "2026-11-24T12:00:00Z" });
  const [group] = select(state, { kind: "project", id: "inbox" }, clock, new Set(["t0"]));
  expect(group?.todos).toHaveLength(1);
});

test("today holds what is overdue and due, timed first, then by urgency", () => {
  const state = stateOf(
    { due_on: "2026-11-24", priority: 4 },
    { due_on: "2026-11-24", priority: 1 },
    { due_at: "2026-11-24T09:00:00Z" },
    { due_on: "2026-11-20" },
    { due_on: "2026-11-25" },
    { due_on: "2026-11-24", project: "old" },
  );
  expect(shown(state, { kind: "today" })).toEqual([
    ["Overdue", "t3"],
    ["Today", "t2", "t1", "t0"],
  ]);
});

test("upcoming shows the next seven days, even empty ones, and later days that have something", () => {
  const state = stateOf({ due_on: "2026-11-26" }, { due_on: "2027-01-01" }, { due_on: "2026-11-01" });
  const days = shown(state, { kind: "upcoming" });
  expect(days).toHaveLength(8);
  expect(days[2]).toEqual(["2026-11-26", "t0"]);
  expect(days[7]).toEqual(["2027-01-01", "t1"]);
});

test("a day is that of the person's time zone", () => {
  const state = stateOf({ due_at: "2026-11-24T23:30:00Z" });
  const berlin = select(state, { kind: "today" }, { now: clock.now, timeZone: "Europe/Berlin" });
  expect(berlin.flatMap((group) => group.todos)).toEqual([]);
});

test("counts are of open todos that are not at rest", () => {
  const state = stateOf(
    { labels: ["a"] },
    { due_on: "2026-11-20" },
    { parent: "t0" },
    { project: "old", labels: ["a"] },
  );
  const counts = count(state, clock);
  expect(Object.fromEntries(counts.projects)).toEqual({ inbox: 2 });
  expect(Object.fromEntries(counts.labels)).toEqual({ a: 1 });
  expect(Object.fromEntries(counts.subtasks)).toEqual({ t0: 1 });
  expect([counts.today, counts.overdue]).toEqual([1, 1]);
});

test("a board puts each todo into one column", () => {
  const state = stateOf({ priority: 1, labels: ["b", "a"] }, { labels: ["b"] }, {});
  const columns = (by: "priority" | "label") =>
    board(state, "inbox", by).map((column) => [column.title, ...column.todos.map((todo) => todo.id)]);
  expect(columns("priority")).toEqual([["Urgent", "t0"], ["High"], ["Medium"], ["Low"], ["No priority", "t1", "t2"]]);
  expect(columns("label")).toEqual([
    ["alpha", "t0"],
    ["beta", "t1"],
    ["No label", "t2"],
  ]);
});

test("done and deleted todos are listed latest first, deleted subtasks with their parent", () => {
  const state = stateOf(
    { completed_at: "2026-11-01T00:00:00Z" },
    { completed_at: "2026-11-02T00:00:00Z" },
    { deleted_at: "2026-11-01T00:00:00Z" },
    { deleted_at: "2026-11-02T00:00:00Z" },
    { deleted_at: "2026-11-02T00:00:00Z", parent: "t3" },
  );
  expect(completed(state, { kind: "project", id: "inbox" }).map((todo) => todo.id)).toEqual(["t1", "t0"]);
  expect(trash(state).map((todo) => todo.id)).toEqual(["t3", "t2"]);
});
