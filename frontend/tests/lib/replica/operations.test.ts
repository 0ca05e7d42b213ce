import { expect, test } from "vitest";
import type { Todo } from "@/lib/model";
import { apply, conflictingFields, type Place } from "@/lib/replica/operations";
import { byPosition, EMPTY, merge } from "@/lib/replica/state";
import { aTodo } from "../../factories";

const now = "2026-11-24T10:00:00Z";
const inOrder = (todos: Iterable<Todo>) =>
  [...todos]
    .sort(byPosition)
    .map((todo) => todo.id)
    .join("");

test.each<[Place, string]>([
  [{ before: "a" }, "cab"],
  [{ after: "a" }, "acb"],
  [{ before: "b" }, "acb"],
  [{ after: "b" }, "abc"],
])("a todo moved to %j is shown there", (to, order) => {
  const state = merge(EMPTY, { todos: ["a", "b", "c"].map((id, index) => aTodo({ id, position: `a${index}` })) });
  expect(inOrder(apply(state, { on: "todo", op: "move", id: "c", to }, now).todos.values())).toBe(order);
});

test("a todo moved to another project takes its subtasks along", () => {
  const state = merge(EMPTY, { todos: [aTodo({ id: "a" }), aTodo({ id: "b", parent: "a" })] });
  const moved = apply(state, { on: "todo", op: "move", id: "a", to: { project: "work" } }, now);
  expect([...moved.todos.values()].map((todo) => todo.project)).toEqual(["work", "work"]);
});

test("bulk applies each command in turn", () => {
  const state = merge(EMPTY, { todos: [aTodo({ id: "a" }), aTodo({ id: "b" })] });
  const { todos } = apply(
    state,
    {
      on: "todo",
      op: "bulk",
      commands: [
        { op: "complete", id: "a" },
        { op: "update", id: "b", patch: { priority: 1 }, base: { priority: 0 } },
        { op: "delete", id: "b" },
      ],
    },
    now,
  );
  expect(todos.get("a")?.completed_at).toBe(now);
  expect(todos.get("b")).toMatchObject({ priority: 1, deleted_at: now });
});

test("a deleted project takes its todos from the view", () => {
  const state = merge(EMPTY, { todos: [aTodo({ id: "a", project: "work" }), aTodo({ id: "b" })] });
  expect([...apply(state, { on: "project", op: "delete", id: "work" }, now).todos.keys()]).toEqual(["b"]);
});

test("only fields that somebody else changed to something else conflict", () => {
  const base = { title: "Milk", labels: ["x"], priority: 0 };
  const patch = { title: "Oat milk", labels: ["x", "y"], priority: 1 };
  expect(conflictingFields(patch, base, { title: "Milk", labels: ["x"], priority: 0, notes: "new" })).toEqual([]);
  expect(conflictingFields(patch, base, { title: "Soy milk", labels: ["x"], priority: 1 })).toEqual(["title"]);
  expect(conflictingFields(patch, base, { title: "Milk", labels: [], priority: 0 })).toEqual(["labels"]);
});

test("older news than what is known is dropped", () => {
  const state = merge(EMPTY, { todos: [aTodo({ id: "a", title: "New", version: 3 })] });
  expect(merge(state, { todos: [aTodo({ id: "a", title: "Old", version: 2 })] }).todos).toBe(state.todos);
});
