import { expect, test, vi } from "vitest";
import type { Todo } from "@/lib/model";
import { ApiProblem, Unreachable } from "@/lib/problem";
import { Replica, type Send } from "@/lib/replica/replica";
import { aTodo } from "../../factories";

const answered = (todo: Todo) => ({ delta: { todos: [{ ...todo, version: todo.version + 1 }] } });

function replicaWith(send: Send, ...todos: Todo[]): Replica {
  const replica = new Replica(send);
  replica.replace({ todos });
  return replica;
}

test("an operation shows at once, and stays when the server agrees", async () => {
  const todo = aTodo({ id: "a", title: "Milk" });
  const replica = replicaWith(async () => answered({ ...todo, title: "Oat milk" }), todo);
  const done = replica.perform({
    on: "todo",
    op: "update",
    id: "a",
    patch: { title: "Oat milk" },
    base: { title: "Milk" },
  });
  expect(replica.snapshot().todos.get("a")?.title).toBe("Oat milk");
  expect(replica.snapshot().pending).toBe(1);
  expect(await done).toBeNull();
  expect(replica.snapshot()).toMatchObject({ pending: 0 });
  expect(replica.snapshot().todos.get("a")).toMatchObject({ title: "Oat milk", version: 2 });
});

test("a refused operation is taken back and later ones stay", async () => {
  const send: Send = async (operation) => {
    if (operation.on === "todo" && operation.op === "update") throw new ApiProblem(400, "Invalid", "Too long.");
    return answered({ ...aTodo({ id: "a", title: "Milk" }), completed_at: "2026-11-24T10:00:00Z" });
  };
  const replica = replicaWith(send, aTodo({ id: "a", title: "Milk" }));
  const refused = replica.perform({
    on: "todo",
    op: "update",
    id: "a",
    patch: { title: "x" },
    base: { title: "Milk" },
  });
  const kept = replica.perform({ on: "todo", op: "complete", id: "a" });
  expect((await refused)?.detail).toBe("Too long.");
  expect(await kept).toBeNull();
  expect(replica.snapshot().todos.get("a")).toMatchObject({ title: "Milk", completed_at: "2026-11-24T10:00:00Z" });
});

test("news from another device lies under what is still pending here", async () => {
  let answer = (): void => {};
  const waiting = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const todo = aTodo({ id: "a", title: "Milk", priority: 0 });
  const replica = replicaWith(async () => {
    await waiting;
    return { delta: { todos: [{ ...todo, title: "Oat milk", priority: 1, version: 3 }] } };
  }, todo);
  const done = replica.perform({
    on: "todo",
    op: "update",
    id: "a",
    patch: { title: "Oat milk" },
    base: { title: "Milk" },
  });
  replica.take({ todos: [{ ...todo, priority: 1, version: 2 }] });
  expect(replica.snapshot().todos.get("a")).toMatchObject({ title: "Oat milk", priority: 1 });
  answer();
  await done;
  replica.take({ todos: [{ ...todo, priority: 1, version: 2 }] });
  expect(replica.snapshot().todos.get("a")).toMatchObject({ title: "Oat milk", version: 3 });
});

test("operations on a new todo wait for its real id, and its row keeps one key", async () => {
  const seen: string[] = [];
  const send: Send = async (operation) => {
    if (operation.on === "todo" && operation.op === "create") {
      return {
        delta: { todos: [aTodo({ id: "real", title: "New" })] },
        created: { temporary: operation.todo.id, id: "real" },
      };
    }
    if (operation.on === "todo" && operation.op === "complete") seen.push(operation.id);
    return { delta: {} };
  };
  const replica = replicaWith(send);
  void replica.perform({ on: "todo", op: "create", todo: aTodo({ id: "new-1", title: "New" }) });
  await replica.perform({ on: "todo", op: "complete", id: "new-1" });
  expect(seen).toEqual(["real"]);
  expect([...replica.snapshot().todos.keys()]).toEqual(["real"]);
  expect(replica.keyOf("real")).toBe("new-1");
});

test("a refused creation takes along what was built on it", async () => {
  const sent: string[] = [];
  const replica = replicaWith(async (operation) => {
    sent.push(operation.op);
    throw new ApiProblem(400, "Invalid", "No.");
  });
  void replica.perform({ on: "todo", op: "create", todo: aTodo({ id: "new-1" }) });
  expect((await replica.perform({ on: "todo", op: "complete", id: "new-1" }))?.detail).toBe("No.");
  expect(sent).toEqual(["create"]);
  expect(replica.snapshot().todos.size).toBe(0);
});

test("without a connection an operation waits, and goes out with the same key", async () => {
  vi.useFakeTimers();
  const keys: string[] = [];
  const replica = replicaWith(
    async (_, key) => {
      keys.push(key);
      if (keys.length < 3) throw new Unreachable("gone");
      return { delta: {} };
    },
    aTodo({ id: "a" }),
  );
  const done = replica.perform({ on: "todo", op: "complete", id: "a" });
  await vi.advanceTimersByTimeAsync(100);
  expect(replica.snapshot()).toMatchObject({ online: false, pending: 1 });
  expect(replica.snapshot().todos.get("a")?.completed_at).not.toBeNull();
  replica.setOnline(true);
  await vi.advanceTimersByTimeAsync(5_000);
  vi.useRealTimers();
  expect(await done).toBeNull();
  expect(new Set(keys).size).toBe(1);
  expect(keys).toHaveLength(3);
  expect(replica.snapshot().online).toBe(true);
});
