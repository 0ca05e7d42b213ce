/** One todo in a list: its checkbox, its title (edited in place), and what else is worth knowing at a glance. */
"use client";

import clsx from "clsx";
import { memo, type PointerEvent, useRef } from "react";
import { IconButton } from "@/components/ui/button";
import { Icon } from "@/components/ui/icon";
import { Menu, type MenuItem } from "@/components/ui/menu";
import { dueInWords, isOverdue } from "@/lib/days";
import type { Label, Project, Todo } from "@/lib/model";
import { recurrenceInWords } from "@/lib/recurrence";
import type { Clock } from "@/lib/views";

/** What rows read besides their todo; one value for all rows, that changes only when one of its parts does. */
export type RowContext = {
  projects: ReadonlyMap<string, Project>;
  labels: ReadonlyMap<string, Label>;
  clock: Clock;
};

export type RowEvents = {
  toggle: (todo: Todo) => void;
  open: (todo: Todo) => void;
  click: (todo: Todo, event: { shiftKey: boolean; ctrlKey: boolean; metaKey: boolean }) => void;
  edit: (id: string | null) => void;
  rename: (todo: Todo, title: string) => void;
  grab: (todo: Todo, event: PointerEvent) => void;
  menu: (todo: Todo) => MenuItem[];
  focused: (id: string) => void;
};

type Props = {
  todo: Todo;
  events: RowEvents;
  active: boolean;
  selected: boolean;
  editing: boolean;
  context: RowContext;
  /** How many of its subtasks are open. */
  subtasks: number;
  showProject: boolean;
  /** Under a day's heading the day itself goes without saying. */
  hideDay?: boolean;
  top: number;
  height: number;
  /** Its place among all todos of the list, most of which are not in the document. */
  number: number;
  size: number;
};

export const Row = memo(function Row({
  todo,
  events,
  active,
  selected,
  editing,
  context,
  subtasks,
  showProject,
  hideDay,
  ...place
}: Props) {
  const done = todo.completed_at !== null;
  return (
    <li
      data-row={todo.id}
      data-drop={`todo:${todo.id}`}
      aria-posinset={place.number}
      aria-setsize={place.size}
      className={clsx(
        "group absolute inset-x-0 flex items-center gap-3 rounded-lg pr-1 pl-3 transition-colors",
        selected ? "bg-picked" : "hover:bg-hover",
      )}
      style={{ top: place.top, height: place.height }}
      onPointerDown={(event) => !editing && events.grab(todo, event)}
    >
      <input
        type="checkbox"
        className="check"
        aria-label={todo.title}
        data-priority={todo.priority}
        tabIndex={active ? 0 : -1}
        checked={done}
        onChange={() => events.toggle(todo)}
        onPointerDown={(event) => event.stopPropagation()}
      />
      {editing ? (
        <TitleField todo={todo} events={events} />
      ) : (
        <button
          type="button"
          data-title
          tabIndex={active ? 0 : -1}
          aria-pressed={selected || undefined}
          className="flex h-full min-w-0 flex-1 flex-col justify-center rounded-md text-left -outline-offset-2"
          onFocus={() => events.focused(todo.id)}
          onClick={(event) => events.click(todo, event)}
          onDoubleClick={() => events.edit(todo.id)}
        >
          <span className={clsx("w-full truncate", done && "text-faint line-through")}>{todo.title}</span>
          <Meta todo={todo} context={context} subtasks={subtasks} showProject={showProject} hideDay={hideDay} />
        </button>
      )}
      <span
        className={clsx(
          "shrink-0 group-focus-within:opacity-100 group-hover:opacity-100 pointer-coarse:opacity-100",
          selected ? "opacity-100" : "opacity-0",
        )}
      >
        <Menu
          label={`Actions for ${todo.title}`}
          items={() => events.menu(todo)}
          trigger={(props) => (
            <IconButton
              {...props}
              icon="more"
              label={`Actions for ${todo.title}`}
              tabIndex={active ? 0 : -1}
              onPointerDown={(event) => event.stopPropagation()}
            />
          )}
        />
      </span>
    </li>
  );
});

function TitleField({ todo, events }: { todo: Todo; events: RowEvents }) {
  const given_up = useRef(false);
  const save = (title: string) => {
    events.edit(null);
    if (!given_up.current && title.trim() && title.trim() !== todo.title) events.rename(todo, title.trim());
  };
  return (
    <input
      autoFocus
      aria-label="Title"
      className="min-w-0 flex-1 rounded-md border border-accent bg-raised px-2 py-1 outline-none"
      defaultValue={todo.title}
      maxLength={500}
      onBlur={(event) => save(event.target.value)}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Escape") given_up.current = true;
        if (event.key === "Enter" || event.key === "Escape") {
          event.currentTarget.blur();
          requestAnimationFrame(() =>
            document.querySelector<HTMLElement>(`[data-row="${CSS.escape(todo.id)}"] [data-title]`)?.focus(),
          );
        }
      }}
    />
  );
}

/** Whether a todo needs the second line; the list computes heights with it. */
export function hasMeta(todo: Todo, subtasks: number, showProject: boolean, hideDay: boolean): boolean {
  const due = hideDay ? todo.due_at !== null : todo.due_at !== null || todo.due_on !== null;
  return (
    due ||
    showProject ||
    subtasks > 0 ||
    todo.labels.length > 0 ||
    todo.recurrence !== "" ||
    todo.notes !== "" ||
    todo.remind_at !== null
  );
}

type MetaProps = { todo: Todo; context: RowContext; subtasks: number; showProject: boolean; hideDay?: boolean };

export function Meta({ todo, context, subtasks, showProject, hideDay = false }: MetaProps) {
  const { clock, projects, labels } = context;
  if (!hasMeta(todo, subtasks, showProject, hideDay)) return null;
  const project = showProject ? projects.get(todo.project) : undefined;
  const overdue = todo.completed_at === null && isOverdue(todo, clock.now, clock.timeZone);
  const due =
    hideDay && todo.due_at
      ? dueInWords(todo, clock.now, clock.timeZone).split(" ").at(-1)
      : hideDay
        ? ""
        : dueInWords(todo, clock.now, clock.timeZone);
  return (
    <span className="flex w-full items-center gap-2.5 overflow-hidden text-xs whitespace-nowrap text-muted">
      {due && (
        <span className={clsx("inline-flex items-center gap-1", overdue && "font-medium text-danger")}>
          <Icon name={hideDay ? "clock" : "today"} className="size-3.5" />
          {overdue && <span className="sr-only">Overdue: </span>}
          {due}
        </span>
      )}
      {todo.recurrence && (
        <span className="inline-flex items-center gap-1">
          <Icon name="repeat" className="size-3.5" />
          {recurrenceInWords(todo.recurrence)}
        </span>
      )}
      {todo.remind_at && (
        <span className="inline-flex">
          <Icon name="bell" className="size-3.5" />
          <span className="sr-only">Has a reminder</span>
        </span>
      )}
      {subtasks > 0 && (
        <span className="inline-flex items-center gap-1">
          <Icon name="subtasks" className="size-3.5" />
          {subtasks}
          <span className="sr-only">{subtasks === 1 ? " open subtask" : " open subtasks"}</span>
        </span>
      )}
      {todo.notes && (
        <span className="inline-flex">
          <Icon name="notes" className="size-3.5" />
          <span className="sr-only">Has notes</span>
        </span>
      )}
      {todo.labels.map((id) => {
        const label = labels.get(id);
        return label ? (
          <span key={id} className="inline-flex items-center gap-1">
            <span className="size-2 rounded-full" style={{ background: label.colour }} />
            {label.name}
          </span>
        ) : null;
      })}
      {project && (
        <span className="ml-auto inline-flex min-w-0 items-center gap-1 pl-2">
          <span className="truncate">{project.name}</span>
          <span className="size-2 shrink-0 rounded-sm" style={{ background: project.colour }} />
        </span>
      )}
    </span>
  );
}
