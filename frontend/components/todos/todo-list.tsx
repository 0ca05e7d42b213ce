/** A list of todos under headings: windowed, driven by keyboard, pointer and touch. */
"use client";

import dynamic from "next/dynamic";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { useAccount, useCounts, useSnapshot } from "@/components/app/account";
import { useActions } from "@/components/app/actions";
import { isTyping } from "@/components/app/keys";
import { closeDetails, openDetails } from "@/components/app/navigation";
import { dayIn } from "@/lib/days";
import { type Drop, startDrag } from "@/lib/drag";
import type { Todo } from "@/lib/model";
import type { Group } from "@/lib/views";
import { GroupHeading } from "./group-heading";
import { hasMeta, Row, type RowEvents } from "./row";
import { menuFor } from "./row-menu";
import { extendTo, keepWithin, NO_SELECTION, renamed, step, toggle } from "./selection";
import { useWindowed } from "./windowed";

const SelectionBar = dynamic(() => import("./selection-bar"), { ssr: false });

const ONE_LINE = 2.75;
const TWO_LINES = 3.75;
const HEADING = 3.25;
const EMPTY_DAY = 2.75;
const LINGERS = 450;

type Item = { key: string; height: number } & ({ heading: Group } | { todo: Todo; group: Group; number: number });

type Props = {
  label: string;
  groups: Group[];
  showProject?: boolean;
  /** Whether the order is the person's own, to be changed by dragging. */
  ordered?: boolean;
  linger?: (ids: ReadonlySet<string>) => void;
};

export function TodoList({ label, groups, showProject = false, ordered = false, linger }: Props) {
  const { replica, clock } = useAccount();
  const { projects, labels } = useSnapshot();
  const { subtasks } = useCounts();
  const context = useMemo(() => ({ projects, labels, clock }), [projects, labels, clock]);
  const actions = useActions();
  const list = useRef<HTMLUListElement>(null);
  const items = useItems(groups, showProject);
  const todos = useMemo(() => groups.flatMap((group) => group.todos), [groups]);
  const ids = useMemo(() => todos.map((todo) => todo.id), [todos]);
  const [selection, setSelection] = useState(NO_SELECTION);
  const [editing, setEditing] = useState<string | null>(null);
  const shown = useRef(ids);
  const focusWanted = useRef(false);
  const heights = useMemo(() => items.map((item) => item.height), [items]);
  const { tops, total, first, last, reveal } = useWindowed(heights, list);
  const active = selection.active ?? ids[0] ?? null;
  const lingering = useLingering(linger);

  useEffect(() => {
    const before = shown.current;
    shown.current = ids;
    if (before === ids) return;
    if (list.current?.contains(document.activeElement)) focusWanted.current = true;
    const name = (id: string) => replica.realId(id);
    setSelection((now) => keepWithin(renamed(now, name), before.map(name), ids));
  }, [ids, replica]);

  useEffect(() => {
    if (!focusWanted.current || selection.active === null) return;
    reveal(items.findIndex((item) => "todo" in item && item.todo.id === selection.active));
    const row = list.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(selection.active)}"] [data-title]`);
    row?.focus({ preventScroll: true });
    if (row) focusWanted.current = false;
  });

  const byId = (id: string | null) => todos.find((todo) => todo.id === id);
  const chosen = () =>
    selection.selected.size
      ? todos.filter((todo) => selection.selected.has(todo.id))
      : [byId(active)].filter((todo) => todo !== undefined);

  function toggleDone(todo: Todo): void {
    if (todo.completed_at) void actions.reopen([todo]);
    else {
      lingering(todo.id);
      actions.complete([todo]);
    }
  }

  function moveBy(todo: Todo, by: -1 | 1): void {
    const siblings = groups.find((group) => group.todos.includes(todo))?.todos ?? [];
    const neighbour = siblings[siblings.indexOf(todo) + by];
    if (!ordered || !neighbour) return;
    focusWanted.current = true;
    void actions.move([todo], by < 0 ? { before: neighbour.id } : { after: neighbour.id });
  }

  function dropped(todo: Todo, { kind, id, at }: Drop): void {
    const moving = selection.selected.has(todo.id) ? chosen() : [todo];
    if (kind === "project") void actions.move(moving, { project: id });
    if (kind === "label") void actions.update(moving, (one) => ({ labels: [...new Set([...one.labels, id])] }));
    const day = kind === "day" ? id : groups.find((group) => group.todos.some((one) => one.id === id))?.day;
    if (kind === "todo" && ordered)
      void actions.move(
        moving.filter((one) => one.id !== id),
        at === "before" ? { before: id } : { after: id },
      );
    else if (day && (kind === "day" || kind === "todo")) void actions.update(moving, { due_on: day, due_at: null });
  }

  const events = useStable<RowEvents>({
    toggle: toggleDone,
    open: (todo) => openDetails(todo.id),
    click: (todo, event) => {
      if (event.shiftKey) setSelection((now) => extendTo(now, ids, todo.id));
      else if (event.ctrlKey || event.metaKey) setSelection((now) => toggle(now, todo.id));
      else openDetails(todo.id);
    },
    edit: (id) => {
      if (id) closeDetails(); // the first click of a double click has opened them
      setEditing(id);
    },
    rename: (todo, title) => void actions.update([todo], { title }),
    grab: (todo, event) =>
      startDrag(event.nativeEvent, {
        source: event.currentTarget as HTMLElement,
        label:
          selection.selected.has(todo.id) && selection.selected.size > 1
            ? `${selection.selected.size} todos`
            : todo.title,
        onto: ["project", "label", "day", ...(ordered || todo.due_on || todo.due_at ? ["todo"] : [])],
        onDrop: (drop) => dropped(todo, drop),
      }),
    menu: (todo) =>
      menuFor(todo, actions, {
        edit: () => setEditing(todo.id),
        moveBy: ordered ? (by) => moveBy(todo, by) : undefined,
        select: () => setSelection((now) => toggle(now, todo.id)),
      }),
    focused: (id) =>
      setSelection((now) => (now.active === id ? now : { ...now, active: id, anchor: now.anchor ?? id })),
  });

  function pressed(event: KeyboardEvent): void {
    if (isTyping(event)) return;
    const todo = byId(active);
    const command = event.metaKey || event.ctrlKey;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const by = key === "ArrowDown" || key === "j" ? 1 : key === "ArrowUp" || key === "k" ? -1 : 0;
    const onTitle = (event.target as HTMLElement).closest("[data-title]") !== null;
    const run = ((): (() => void) | null => {
      if (command && key === "a") return () => setSelection({ active, anchor: active, selected: new Set(ids) });
      if (command || !todo) return null;
      if (by && event.altKey) return () => moveBy(todo, by);
      if (event.altKey) return null;
      if (by) {
        return () => {
          focusWanted.current = true;
          setSelection((now) => step({ ...now, active }, ids, by, event.shiftKey));
        };
      }
      if (key === " " && onTitle)
        return () => (selection.selected.size ? actions.complete(chosen()) : toggleDone(todo));
      if (key === "Enter" && onTitle) return () => openDetails(todo.id);
      if (key === "e") return () => setEditing(todo.id);
      if (key === "x") return () => setSelection((now) => toggle(now, todo.id));
      if (key === "t") return () => void actions.update(chosen(), { due_on: today(), due_at: null });
      if (/^[0-4]$/.test(key)) return () => void actions.update(chosen(), { priority: Number(key) });
      if (key === "Delete" || key === "Backspace") return () => actions.remove(chosen());
      if (key === "Escape" && selection.selected.size)
        return () => setSelection((now) => ({ ...now, selected: new Set() }));
      return null;
    })();
    if (!run) return;
    event.preventDefault();
    run();
  }

  const today = () => dayIn(new Date(), clock.timeZone);
  const activeIndex = items.findIndex((item) => "todo" in item && item.todo.id === active);
  const drawn = items.slice(first, last).map((item, offset) => ({ item, index: first + offset }));
  const outside = items[activeIndex];
  if (outside && (activeIndex < first || activeIndex >= last)) drawn.push({ item: outside, index: activeIndex });
  return (
    <>
      <ul ref={list} aria-label={label} className="relative" style={{ height: total }} onKeyDown={pressed}>
        {drawn.map(({ item, index }) =>
          "heading" in item ? (
            <GroupHeading key={item.key} group={item.heading} top={tops[index] ?? 0} />
          ) : (
            <Row
              key={replica.keyOf(item.todo.id)}
              todo={item.todo}
              events={events}
              active={item.todo.id === active}
              selected={selection.selected.has(item.todo.id)}
              editing={editing !== null && replica.realId(editing) === item.todo.id}
              context={context}
              subtasks={subtasks.get(item.todo.id) ?? 0}
              showProject={showProject}
              hideDay={item.group.day !== undefined}
              top={tops[index] ?? 0}
              height={item.height}
              number={item.number}
              size={todos.length}
            />
          ),
        )}
      </ul>
      {selection.selected.size > 0 && (
        <SelectionBar
          todos={todos.filter((todo) => selection.selected.has(todo.id))}
          onClear={() => setSelection((now) => ({ ...now, selected: new Set() }))}
        />
      )}
    </>
  );
}

function useItems(groups: Group[], showProject: boolean): Item[] {
  const { subtasks } = useCounts();
  return useMemo(() => {
    const rem =
      typeof document === "undefined" ? 16 : Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    let number = 0;
    return groups.flatMap((group): Item[] => {
      const rows = group.todos.map((todo): Item => {
        const tall = hasMeta(todo, subtasks.get(todo.id) ?? 0, showProject, group.day !== undefined);
        number += 1;
        return { key: todo.id, todo, group, number, height: (tall ? TWO_LINES : ONE_LINE) * rem };
      });
      if (group.title === null) return rows;
      return [
        {
          key: `heading ${group.id}`,
          heading: group,
          height: (HEADING + (group.todos.length ? 0 : EMPTY_DAY - 2)) * rem,
        },
        ...rows,
      ];
    });
  }, [groups, subtasks, showProject]);
}

/** The handlers of this render under one identity, so that rows that did not change are not rendered. */
function useStable<T extends object>(handlers: T): T {
  const latest = useRef(handlers);
  useEffect(() => {
    latest.current = handlers;
  });
  return useMemo(
    () =>
      new Proxy({} as T, {
        get:
          (_, name) =>
          (...given: unknown[]) =>
            (latest.current[name as keyof T] as (...all: unknown[]) => unknown)(...given),
      }),
    [],
  );
}

/** Keeps a todo in view for a moment after it is done, so that its check is seen. */
function useLingering(report: ((ids: ReadonlySet<string>) => void) | undefined): (id: string) => void {
  const ids = useRef(new Set<string>());
  return (id) => {
    ids.current = new Set([...ids.current, id]);
    report?.(ids.current);
    setTimeout(() => {
      ids.current = new Set([...ids.current].filter((one) => one !== id));
      report?.(ids.current);
    }, LINGERS);
  };
}
