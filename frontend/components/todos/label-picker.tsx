/** Choosing a todo's labels, and making one on the way. */
"use client";

import { type FormEvent, useState } from "react";
import { useSnapshot } from "@/components/app/account";
import { useActions } from "@/components/app/actions";
import { colourFor, draftLabel } from "@/lib/drafts";
import type { Todo } from "@/lib/model";
import { labelsInOrder } from "@/lib/views";

export function LabelPicker({ todo }: { todo: Todo }) {
  const actions = useActions();
  const labels = labelsInOrder(useSnapshot());
  const [name, setName] = useState("");
  const wanted = name.trim().toLowerCase();
  const shown = labels.filter((label) => label.name.toLowerCase().includes(wanted));
  const set = (id: string, on: boolean) =>
    void actions.update([todo], { labels: on ? [...todo.labels, id] : todo.labels.filter((one) => one !== id) });
  function submit(event: FormEvent): void {
    event.preventDefault();
    if (!wanted) return;
    const known = labels.find((label) => label.name.toLowerCase() === wanted);
    const label = known ?? draftLabel(name.trim(), colourFor(name.trim()));
    if (!known) void actions.createLabel(label);
    if (!todo.labels.includes(label.id)) set(label.id, true);
    setName("");
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-2">
      <input
        aria-label="Find or create a label"
        placeholder="Find or create a label"
        className="field text-sm"
        maxLength={60}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <ul className="max-h-56 overflow-y-auto">
        {shown.map((label) => (
          <li key={label.id}>
            <label className="menu-item">
              <input
                type="checkbox"
                className="size-4 accent-accent"
                checked={todo.labels.includes(label.id)}
                onChange={(event) => set(label.id, event.target.checked)}
              />
              <span className="size-2.5 rounded-full" style={{ background: label.colour }} />
              <span className="min-w-0 truncate">{label.name}</span>
            </label>
          </li>
        ))}
      </ul>
      {wanted && !labels.some((label) => label.name.toLowerCase() === wanted) && (
        <button type="submit" className="menu-item text-accent">
          Create “{name.trim()}”
        </button>
      )}
    </form>
  );
}
