/** A project as columns, by priority or by label; cards are dragged between them, or moved from their menu. */
"use client";

import { type PointerEvent, useEffect, useMemo, useRef } from "react";
import { useAccount, useCounts, useSnapshot } from "@/components/app/account";
import { useActions } from "@/components/app/actions";
import { openDetails } from "@/components/app/navigation";
import { IconButton } from "@/components/ui/button";
import { Menu } from "@/components/ui/menu";
import { startDrag } from "@/lib/drag";
import type { Todo } from "@/lib/model";
import { type BoardBy, board, type Column } from "@/lib/views";
import { Meta, type RowContext } from "./row";

const MOST_CARDS = 100;

export default function Board({ project, by }: { project: string; by: BoardBy }) {
  const { todos, projects, labels } = useSnapshot();
  const { clock } = useAccount();
  const { subtasks } = useCounts();
  const actions = useActions();
  const context = useMemo(() => ({ projects, labels, clock }), [projects, labels, clock]);
  const columns = useMemo(
    () => board({ todos, projects, labels }, project, by),
    [todos, projects, labels, project, by],
  );

  // On a narrow screen the first columns may be empty and the others out of sight.
  const frame = useRef<HTMLElement>(null);
  useEffect(() => {
    const filled = frame.current?.querySelector("li")?.closest("section");
    if (frame.current && filled) frame.current.scrollLeft = filled.offsetLeft - frame.current.offsetLeft - 24;
  }, []);

  function moveTo(todo: Todo, from: string, to: string): void {
    if (by === "priority") void actions.update([todo], { priority: Number(to) });
    else
      void actions.update([todo], {
        labels: [...todo.labels.filter((id) => id !== from && id !== to), ...(to ? [to] : [])],
      });
  }

  return (
    <section ref={frame} aria-label="Board" className="-mx-3 flex gap-3 overflow-x-auto px-3 pb-4 sm:-mx-6 sm:px-6">
      {columns.map((column) => (
        <section
          key={column.id}
          aria-label={column.title}
          data-drop={`column:${column.id}`}
          className="flex min-w-64 max-w-80 flex-1 flex-col xl:min-w-52 rounded-xl bg-side p-2"
        >
          <h2 className="flex items-baseline gap-2 px-2 py-1.5 text-sm font-semibold">
            {column.title}
            <span className="text-xs font-normal text-muted">{column.todos.length}</span>
          </h2>
          <ul className="flex min-h-16 flex-col gap-2">
            {column.todos.slice(0, MOST_CARDS).map((todo) => (
              <Card
                key={todo.id}
                todo={todo}
                context={context}
                subtasks={subtasks.get(todo.id) ?? 0}
                column={column}
                columns={columns}
                onMove={moveTo}
              />
            ))}
          </ul>
          {column.todos.length > MOST_CARDS && (
            <p className="p-2 text-xs text-muted">And {column.todos.length - MOST_CARDS} more in the list.</p>
          )}
        </section>
      ))}
    </section>
  );
}

type CardProps = {
  todo: Todo;
  context: RowContext;
  subtasks: number;
  column: Column;
  columns: Column[];
  onMove: (todo: Todo, from: string, to: string) => void;
};

function Card({ todo, context, subtasks, column, columns, onMove }: CardProps) {
  const actions = useActions();
  const grab = (event: PointerEvent) =>
    startDrag(event.nativeEvent, {
      source: event.currentTarget as HTMLElement,
      label: todo.title,
      onto: ["column", "project", "label"],
      onDrop: ({ kind, id }) => {
        if (kind === "column") onMove(todo, column.id, id);
        if (kind === "project") void actions.move([todo], { project: id });
        if (kind === "label") void actions.update([todo], { labels: [...new Set([...todo.labels, id])] });
      },
    });
  return (
    <li
      className="flex items-start gap-2.5 rounded-lg border border-line bg-raised p-2.5 shadow-rim"
      onPointerDown={grab}
    >
      <input
        type="checkbox"
        className="check mt-px"
        aria-label={todo.title}
        data-priority={todo.priority}
        checked={todo.completed_at !== null}
        onChange={() => actions.complete([todo])}
      />
      <button type="button" className="min-w-0 flex-1 text-left" onClick={() => openDetails(todo.id)}>
        <span className="line-clamp-3 break-words">{todo.title}</span>
        <Meta todo={todo} context={context} subtasks={subtasks} showProject={false} />
      </button>
      <Menu
        label={`Move ${todo.title}`}
        items={() =>
          columns
            .filter((one) => one !== column)
            .map((one) => ({
              label: `Move to ${one.title}`,
              icon: "right",
              run: () => onMove(todo, column.id, one.id),
            }))
        }
        trigger={(props) => (
          <IconButton
            {...props}
            icon="more"
            label={`Move ${todo.title}`}
            className="-mt-1.5 -mr-1"
            onPointerDown={(event) => event.stopPropagation()}
          />
        )}
      />
    </li>
  );
}
