/** What people do to todos, projects and labels: shown at once, told to the server, with undo and a message when refused. */
"use client";

import { useMemo } from "react";
import { say } from "@/components/ui/toast";
import { draftTodo, planFor } from "@/lib/drafts";
import type { Label, LabelPatch, Project, ProjectPatch, Todo, TodoPatch } from "@/lib/model";
import { ApiProblem } from "@/lib/problem";
import type { QuickAdd } from "@/lib/quick-add";
import type { Operation, Place, TodoCommand } from "@/lib/replica/operations";
import type { Replica } from "@/lib/replica/replica";
import { Conflict } from "@/lib/replica/send";
import { isOpen } from "@/lib/views";
import { leaveForSignIn, useAccount } from "./account";
import { openDialog } from "./dialogs";

const BULK_LIMIT = 100;

export type Actions = ReturnType<typeof actionsOn>;

export function useActions(): Actions {
  const { replica } = useAccount();
  return useMemo(() => actionsOn(replica), [replica]);
}

function quoted(todos: readonly Todo[]): string {
  const [first] = todos;
  return todos.length === 1 && first
    ? `“${first.title.length > 40 ? `${first.title.slice(0, 40)}…` : first.title}”`
    : `${todos.length} todos`;
}

/** Only the values that `patch` names. */
function pick<T extends object>(of: T, patch: Partial<T>): Partial<T> {
  return Object.fromEntries(Object.keys(patch).map((key) => [key, of[key as keyof T]])) as Partial<T>;
}

function actionsOn(replica: Replica) {
  async function perform(operation: Operation): Promise<boolean> {
    const refusal = await replica.perform(operation);
    if (refusal === null) return true;
    if (refusal instanceof Conflict) {
      replica.take(refusal.delta);
      openDialog({ kind: "conflict", conflict: refusal });
    } else if (refusal instanceof ApiProblem && refusal.status === 401) leaveForSignIn();
    else say(refusal.sentence, { tone: "problem" });
    return false;
  }

  /** One command as itself, more as one request, all or nothing. */
  async function command(commands: TodoCommand[]): Promise<boolean> {
    const [first] = commands;
    if (commands.length === 1 && first) return perform({ on: "todo", ...first });
    const sent: Promise<boolean>[] = [];
    for (let start = 0; start < commands.length; start += BULK_LIMIT) {
      sent.push(perform({ on: "todo", op: "bulk", commands: commands.slice(start, start + BULK_LIMIT) }));
    }
    return (await Promise.all(sent)).every(Boolean);
  }

  const undoable = (text: string, undo: TodoCommand[]) =>
    say(text, { action: { label: "Undo", run: () => void command(undo) } });

  function complete(todos: readonly Todo[]): void {
    const open = todos.filter(isOpen);
    if (open.length === 0) return;
    void command(open.map(({ id }) => ({ op: "complete", id })));
    undoable(
      `Completed ${quoted(open)}`,
      open.map(({ id }) => ({ op: "reopen", id })),
    );
  }

  function remove(todos: readonly Todo[]): void {
    void command(todos.map(({ id }) => ({ op: "delete", id })));
    undoable(
      `Deleted ${quoted(todos)}`,
      todos.map(({ id }) => ({ op: "restore", id })),
    );
  }

  function update(todos: readonly Todo[], patchOf: TodoPatch | ((todo: Todo) => TodoPatch)): Promise<boolean> {
    return command(
      todos.map((todo) => {
        const patch = typeof patchOf === "function" ? patchOf(todo) : patchOf;
        return { op: "update", id: todo.id, patch, base: pick<TodoPatch>(todo, patch) };
      }),
    );
  }

  /** A line of quick add, with what it needs; `defaults` come from the page it was typed on. */
  function add(line: QuickAdd, defaults: Partial<Todo> & { project: string }): void {
    const { projects, labels } = replica.snapshot();
    const plan = planFor(line, { projects: [...projects.values()], labels: [...labels.values()] }, defaults);
    for (const project of plan.projects) void perform({ on: "project", op: "create", project });
    for (const label of plan.labels) void perform({ on: "label", op: "create", label });
    void perform({ on: "todo", op: "create", todo: plan.todo });
  }

  return {
    add,
    addSubtask: (parent: Todo, title: string) =>
      perform({ on: "todo", op: "create", todo: draftTodo({ title, project: parent.project, parent: parent.id }) }),
    complete,
    reopen: (todos: readonly Todo[]) => command(todos.map(({ id }) => ({ op: "reopen", id }))),
    remove,
    restore: (todos: readonly Todo[]) => command(todos.map(({ id }) => ({ op: "restore", id }))),
    purge: (todo: Todo) => perform({ on: "todo", op: "purge", id: todo.id }),
    emptyTrash: () => perform({ on: "todo", op: "empty-trash" }),
    update,
    /** Several keep their order: each goes after the one before it. */
    move: (todos: readonly Todo[], to: Place) =>
      command(
        todos.map(({ id }, index) => {
          const previous = todos[index - 1]?.id;
          return { op: "move", id, to: to.after && previous ? { ...to, after: previous } : to };
        }),
      ),
    createProject: (project: Project) => perform({ on: "project", op: "create", project }),
    updateProject: (project: Project, patch: ProjectPatch) =>
      perform({ on: "project", op: "update", id: project.id, patch, base: pick<ProjectPatch>(project, patch) }),
    deleteProject: (project: Project) => perform({ on: "project", op: "delete", id: project.id }),
    createLabel: (label: Label) => perform({ on: "label", op: "create", label }),
    updateLabel: (label: Label, patch: LabelPatch) =>
      perform({ on: "label", op: "update", id: label.id, patch, base: pick<LabelPatch>(label, patch) }),
    deleteLabel: (label: Label) => perform({ on: "label", op: "delete", id: label.id }),
    /** After a conflict: what this person wrote goes over what is there now. */
    overwrite: ({ operation, theirs }: Conflict) => {
      if (operation.op !== "update") return;
      void perform({ ...operation, base: pick(theirs as object, operation.patch) } as Operation);
    },
  };
}
