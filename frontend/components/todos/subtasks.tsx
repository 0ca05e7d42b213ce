/** The subtasks of a todo: check, rename by opening, add one after another. */
"use client";

import { type FormEvent, useState } from "react";
import { useSnapshot } from "@/components/app/account";
import { useActions } from "@/components/app/actions";
import { openDetails } from "@/components/app/navigation";
import { IconButton } from "@/components/ui/button";
import { Icon } from "@/components/ui/icon";
import type { Todo } from "@/lib/model";
import { subtasksOf } from "@/lib/views";

export function Subtasks({ todo }: { todo: Todo }) {
  const actions = useActions();
  const snapshot = useSnapshot();
  const [title, setTitle] = useState("");
  const subtasks = subtasksOf(snapshot, todo.id);
  const done = subtasks.filter((one) => one.completed_at !== null).length;
  function add(event: FormEvent): void {
    event.preventDefault();
    if (!title.trim()) return;
    void actions.addSubtask(todo, title.trim());
    setTitle("");
  }
  return (
    <section aria-label="Subtasks">
      <h2 className="px-2 text-sm font-semibold">
        Subtasks{" "}
        {subtasks.length > 0 && <span className="font-normal text-muted">{`${done} of ${subtasks.length} done`}</span>}
      </h2>
      <ul>
        {subtasks.map((one) => (
          <li key={one.id} className="group flex items-center gap-2.5 rounded-md pl-2 hover:bg-hover">
            <input
              type="checkbox"
              className="check"
              aria-label={one.title}
              data-priority={one.priority}
              checked={one.completed_at !== null}
              onChange={() => (one.completed_at ? void actions.reopen([one]) : actions.complete([one]))}
            />
            <button
              type="button"
              className={`min-w-0 flex-1 truncate py-1.5 text-left ${one.completed_at ? "text-faint line-through" : ""}`}
              onClick={() => openDetails(one.id)}
            >
              {one.title}
            </button>
            <IconButton
              icon="trash"
              iconClass="size-4"
              label={`Delete ${one.title}`}
              onClick={() => actions.remove([one])}
            />
          </li>
        ))}
      </ul>
      <form onSubmit={add} className="flex items-center gap-2.5 pl-2">
        <Icon name="plus" className="size-5 text-accent" />
        <input
          aria-label="Add a subtask"
          placeholder="Add a subtask"
          className="min-w-0 flex-1 rounded-md bg-transparent px-1 py-1.5"
          value={title}
          maxLength={500}
          onChange={(event) => setTitle(event.target.value)}
        />
      </form>
    </section>
  );
}
