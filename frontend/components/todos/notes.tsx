/** A todo's notes: read as Markdown, written as text. */
"use client";

import dynamic from "next/dynamic";
import { useRef, useState } from "react";
import { useActions } from "@/components/app/actions";
import type { Todo } from "@/lib/model";

const Markdown = dynamic(() => import("./markdown"), { ssr: false });

export function Notes({ todo }: { todo: Todo }) {
  const actions = useActions();
  const [editing, setEditing] = useState(false);
  const seen = useRef(todo);
  if (!editing) {
    const begin = () => {
      seen.current = todo;
      setEditing(true);
    };
    return (
      <section aria-label="Notes">
        {todo.notes && (
          <div className="px-2 pb-1">
            <Markdown text={todo.notes} />
          </div>
        )}
        <button
          type="button"
          className="rounded-md px-2 py-1 text-sm text-muted hover:bg-hover hover:text-ink"
          onClick={begin}
        >
          {todo.notes ? "Edit notes" : "Add notes"}
        </button>
      </section>
    );
  }
  return (
    <section aria-label="Notes">
      <textarea
        autoFocus
        aria-label="Notes, in Markdown"
        placeholder="Notes, in Markdown"
        className="field field-sizing-content max-h-96 min-h-24 resize-none"
        defaultValue={todo.notes}
        maxLength={20_000}
        onBlur={(event) => {
          setEditing(false);
          const notes = event.target.value;
          if (notes !== seen.current.notes) void actions.update([seen.current], { notes });
        }}
        onKeyDown={(event) => {
          event.stopPropagation();
          if (event.key === "Escape" || (event.key === "Enter" && (event.metaKey || event.ctrlKey)))
            event.currentTarget.blur();
        }}
      />
      <p className="text-xs text-faint">Markdown works here. Saved when you leave the field.</p>
    </section>
  );
}
