/** What is done in a project or label, folded away until asked for. */
"use client";

import { useState } from "react";
import { useAccount, useSnapshot } from "@/components/app/account";
import { useActions } from "@/components/app/actions";
import { openDetails } from "@/components/app/navigation";
import { Button } from "@/components/ui/button";
import { momentInWords } from "@/lib/days";
import { completed, type View } from "@/lib/views";

const STEP = 50;

export function Done({ view }: { view: View }) {
  const { clock } = useAccount();
  const actions = useActions();
  const todos = completed(useSnapshot(), view);
  const [open, setOpen] = useState(false);
  const [shown, setShown] = useState(STEP);
  if (todos.length === 0) return null;
  return (
    <section aria-label="Completed" className="mt-6">
      <Button
        className="border-transparent bg-transparent text-muted"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {open ? "Hide completed" : `Show completed (${todos.length})`}
      </Button>
      {open && (
        <ul className="mt-1">
          {todos.slice(0, shown).map((todo) => (
            <li key={todo.id} className="flex items-center gap-3 rounded-lg pl-3 hover:bg-hover">
              <input
                type="checkbox"
                className="check"
                aria-label={todo.title}
                checked
                onChange={() => void actions.reopen([todo])}
              />
              <button
                type="button"
                className="min-w-0 flex-1 truncate py-2.5 text-left text-muted line-through"
                onClick={() => openDetails(todo.id)}
              >
                {todo.title}
              </button>
              <span className="shrink-0 pr-3 text-xs text-faint">
                {todo.completed_at && momentInWords(todo.completed_at, clock.now, clock.timeZone)}
              </span>
            </li>
          ))}
        </ul>
      )}
      {open && todos.length > shown && <Button onClick={() => setShown(shown + STEP)}>Show more</Button>}
    </section>
  );
}
