/** Everything about one todo, in a panel beside the list (over it on small screens). */
"use client";

import { type ReactNode, useEffect, useRef } from "react";
import { useAccount, useSnapshot } from "@/components/app/account";
import { useActions } from "@/components/app/actions";
import { closeDetails, openDetails } from "@/components/app/navigation";
import { Button, IconButton } from "@/components/ui/button";
import { Icon, type IconName } from "@/components/ui/icon";
import { Popover } from "@/components/ui/popover";
import { dayIn, dueDay, dueInWords, isOverdue, momentInWords } from "@/lib/days";
import { PRIORITIES, type Todo } from "@/lib/model";
import { recurrenceInWords } from "@/lib/recurrence";
import { inbox, projectsInOrder } from "@/lib/views";
import { DuePicker, momentOfWhen, whenOf } from "./due-picker";
import { LabelPicker } from "./label-picker";
import { Notes } from "./notes";
import { RepeatPicker } from "./repeat-picker";
import { Subtasks } from "./subtasks";

export default function Details({ id }: { id: string }) {
  const { replica } = useAccount();
  const { todos, ready } = useSnapshot();
  const todo = todos.get(replica.realId(id));
  const gone = ready && (!todo || todo.deleted_at !== null);
  useEffect(() => {
    if (gone) closeDetails();
  }, [gone]);
  if (!todo || gone) return null;
  return <Panel key={replica.keyOf(todo.id)} todo={todo} />;
}

function Panel({ todo }: { todo: Todo }) {
  const panel = useRef<HTMLElement>(null);
  const { todos } = useSnapshot();
  const actions = useActions();
  const parent = todo.parent ? todos.get(todo.parent) : undefined;
  useEffect(() => {
    // Someone who already types elsewhere is not interrupted.
    if (!document.activeElement?.matches("input:not([type=checkbox]), textarea")) panel.current?.focus();
  }, []);
  return (
    <aside
      ref={panel}
      tabIndex={-1}
      aria-label={`Details of ${todo.title}`}
      className="fixed inset-0 z-20 flex flex-col overflow-y-auto bg-paper outline-none sm:inset-y-0 sm:right-0 sm:left-auto sm:w-104 sm:border-l sm:border-line sm:shadow-lift xl:static xl:shadow-none"
      onKeyDown={(event) => {
        if (event.key === "Escape" && !event.defaultPrevented) closeDetails();
      }}
    >
      <header className="flex items-center gap-1 px-3 pt-3">
        <div className="min-w-0 flex-1">
          {parent && (
            <Button
              className="max-w-full border-transparent bg-transparent px-2"
              onClick={() => openDetails(parent.id)}
            >
              <Icon name="left" className="size-4" />
              <span className="truncate">{parent.title}</span>
            </Button>
          )}
        </div>
        <IconButton icon="trash" label="Delete todo" onClick={() => actions.remove([todo])} />
        <IconButton icon="close" label="Close details" onClick={closeDetails} />
      </header>
      <div className="flex flex-col gap-5 px-5 pt-1 pb-10">
        <Title todo={todo} />
        <Properties todo={todo} />
        <Notes todo={todo} />
        {!todo.parent && <Subtasks todo={todo} />}
        <Dates todo={todo} />
      </div>
    </aside>
  );
}

function Title({ todo }: { todo: Todo }) {
  const actions = useActions();
  const seen = useRef(todo);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (field.current && document.activeElement !== field.current) field.current.value = todo.title;
  }, [todo.title]);
  return (
    <div className="flex items-start gap-3">
      <input
        type="checkbox"
        className="check mt-2"
        aria-label={`${todo.title}: done`}
        data-priority={todo.priority}
        checked={todo.completed_at !== null}
        onChange={() => (todo.completed_at ? void actions.reopen([todo]) : actions.complete([todo]))}
      />
      <textarea
        ref={field}
        aria-label="Title"
        rows={1}
        maxLength={500}
        defaultValue={todo.title}
        className="field-sizing-content min-h-8 w-full resize-none rounded-md bg-transparent px-1 py-1 text-lg font-semibold"
        onFocus={() => {
          seen.current = todo;
        }}
        onBlur={(event) => {
          const title = event.target.value.replace(/\s+/g, " ").trim();
          if (!title) event.target.value = todo.title;
          else if (title !== seen.current.title) void actions.update([seen.current], { title });
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.value = seen.current.title;
          if (event.key !== "Enter" && event.key !== "Escape") return;
          event.preventDefault();
          event.currentTarget.blur();
        }}
      />
    </div>
  );
}

function Properties({ todo }: { todo: Todo }) {
  const { clock } = useAccount();
  const snapshot = useSnapshot();
  const actions = useActions();
  const { now, timeZone } = clock;
  const home = inbox(snapshot);
  const update = (patch: Parameters<typeof actions.update>[1]) => void actions.update([todo], patch);
  const overdue = todo.completed_at === null && isOverdue(todo, now, timeZone);
  return (
    <dl className="grid grid-cols-[7rem_1fr] items-center gap-y-0.5 text-sm">
      <Property icon="today" name="Due">
        <Popover
          label="Due"
          trigger={<ValueButton name="Due" value={dueInWords(todo, now, timeZone)} none="No date" alarm={overdue} />}
        >
          {(close) => (
            <DuePicker
              value={whenOf(todo.due_on, todo.due_at, timeZone)}
              onDone={close}
              onChange={(when) =>
                update(
                  when?.time
                    ? { due_at: momentOfWhen(when, timeZone), due_on: null }
                    : { due_on: when?.day ?? null, due_at: null },
                )
              }
            />
          )}
        </Popover>
      </Property>
      <Property icon="bell" name="Reminder">
        <Popover
          label="Reminder"
          trigger={
            <ValueButton
              name="Reminder"
              value={todo.remind_at ? momentInWords(todo.remind_at, now, timeZone) : ""}
              none="None"
            />
          }
        >
          {(close) => (
            <DuePicker
              timed
              value={whenOf(null, todo.remind_at, timeZone)}
              onDone={close}
              onChange={(when) => update({ remind_at: when && momentOfWhen(when, timeZone) })}
            />
          )}
        </Popover>
      </Property>
      <Property icon="repeat" name="Repeats">
        <Popover
          label="Repeats"
          trigger={<ValueButton name="Repeats" value={recurrenceInWords(todo.recurrence)} none="Never" />}
        >
          {(close) => (
            <RepeatPicker
              value={todo}
              day={dueDay(todo, timeZone) ?? dayIn(now, timeZone)}
              onDone={close}
              onChange={({ recurrence, recurs_from }) => {
                const undated = recurrence && !todo.due_on && !todo.due_at;
                update({ recurrence, recurs_from, ...(undated ? { due_on: dayIn(now, timeZone) } : {}) });
              }}
            />
          )}
        </Popover>
      </Property>
      <Property icon="flag" name="Priority">
        <select
          aria-label="Priority"
          className="w-full rounded-md bg-transparent px-1 py-1.5 hover:bg-hover"
          value={todo.priority}
          onChange={(event) => update({ priority: Number(event.target.value) })}
        >
          {PRIORITIES.map(({ value, name }) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </Property>
      <Property icon="label" name="Labels">
        <Popover
          label="Labels"
          trigger={
            <ValueButton
              name="Labels"
              value={todo.labels.map((id) => snapshot.labels.get(id)?.name ?? "…").join(", ")}
              none="None"
            />
          }
        >
          {() => <LabelPicker todo={todo} />}
        </Popover>
      </Property>
      <Property icon="project" name="Project">
        <select
          aria-label="Project"
          disabled={todo.parent !== null}
          className="w-full truncate rounded-md bg-transparent px-1 py-1.5 hover:bg-hover disabled:opacity-70"
          value={todo.project}
          onChange={(event) => void actions.move([todo], { project: event.target.value })}
        >
          {[...(home ? [home] : []), ...projectsInOrder(snapshot)].map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </Property>
    </dl>
  );
}

function Property({ icon, name, children }: { icon: IconName; name: string; children: ReactNode }) {
  return (
    <>
      <dt className="flex items-center gap-2 text-muted">
        <Icon name={icon} className="size-4" />
        {name}
      </dt>
      <dd className="min-w-0">{children}</dd>
    </>
  );
}

type ValueButtonProps = React.ComponentProps<"button"> & { name: string; value: string; none: string; alarm?: boolean };

function ValueButton({ name, value, none, alarm = false, ...rest }: ValueButtonProps) {
  return (
    <button
      type="button"
      aria-label={`${name}: ${value || none}`}
      className={`w-full truncate rounded-md px-2 py-1.5 text-left hover:bg-hover ${alarm ? "text-danger" : value ? "" : "text-faint"}`}
      {...rest}
    >
      {value || none}
    </button>
  );
}

function Dates({ todo }: { todo: Todo }) {
  const { clock } = useAccount();
  const words = (moment: string) => momentInWords(moment, clock.now, clock.timeZone);
  return (
    <p className="px-2 text-xs text-faint">
      Added {words(todo.created_at)}
      {todo.completed_at ? ` · Completed ${words(todo.completed_at)}` : ` · Changed ${words(todo.updated_at)}`}
    </p>
  );
}
