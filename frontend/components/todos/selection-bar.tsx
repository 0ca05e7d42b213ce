/** What can be done with all selected todos at once. */
"use client";

import { useAccount, useSnapshot } from "@/components/app/account";
import { useActions } from "@/components/app/actions";
import { Button, IconButton } from "@/components/ui/button";
import { Menu } from "@/components/ui/menu";
import { addDays, dayIn, weekdayOf } from "@/lib/days";
import { PRIORITIES, type Todo } from "@/lib/model";
import { inbox, labelsInOrder, projectsInOrder } from "@/lib/views";

export default function SelectionBar({ todos, onClear }: { todos: Todo[]; onClear: () => void }) {
  const actions = useActions();
  const snapshot = useSnapshot();
  const { clock } = useAccount();
  const today = dayIn(clock.now, clock.timeZone);
  const home = inbox(snapshot);
  const due = (day: string | null) => () => void actions.update(todos, { due_on: day, due_at: null });
  const everyOne = (label: string) => todos.every((todo) => todo.labels.includes(label));
  return (
    <section
      aria-label="Bulk actions"
      className="fixed inset-x-2 bottom-3 z-30 mx-auto flex w-fit max-w-[calc(100%-1rem)] animate-[rise_140ms_ease-out] flex-wrap items-center gap-1.5 rounded-xl border border-line bg-raised p-2 shadow-lift"
    >
      <p aria-live="polite" className="px-2 text-sm font-medium">
        {todos.length} selected
      </p>
      <Button
        kind="primary"
        onClick={() => {
          actions.complete(todos);
          onClear();
        }}
      >
        Complete
      </Button>
      <Menu
        label="Set due day"
        items={() => [
          { label: "Today", icon: "today", run: due(today) },
          { label: "Tomorrow", icon: "upcoming", run: due(addDays(today, 1)) },
          { label: "Next week", icon: "upcoming", run: due(addDays(today, 8 - weekdayOf(today))) },
          { label: "No date", icon: "close", run: due(null) },
        ]}
        trigger={(props) => <Button {...props}>Due</Button>}
      />
      <Menu
        label="Set priority"
        items={() =>
          PRIORITIES.map(({ value, name }) => ({
            label: name,
            icon: "flag",
            run: () => void actions.update(todos, { priority: value }),
          }))
        }
        trigger={(props) => <Button {...props}>Priority</Button>}
      />
      <Menu
        label="Move to project"
        items={() =>
          [...(home ? [home] : []), ...projectsInOrder(snapshot).filter((one) => !one.archived)].map((project) => ({
            label: project.name,
            icon: project.is_inbox ? "inbox" : "project",
            run: () => void actions.move(todos, { project: project.id }),
          }))
        }
        trigger={(props) => <Button {...props}>Move</Button>}
      />
      <Menu
        label="Set labels"
        items={() =>
          labelsInOrder(snapshot).length === 0
            ? [{ heading: "There are no labels yet" }]
            : labelsInOrder(snapshot).map((label) => ({
                label: label.name,
                icon: "label",
                checked: everyOne(label.id),
                run: () =>
                  void actions.update(todos, (todo) => ({
                    labels: everyOne(label.id)
                      ? todo.labels.filter((id) => id !== label.id)
                      : [...new Set([...todo.labels, label.id])],
                  })),
              }))
        }
        trigger={(props) => <Button {...props}>Labels</Button>}
      />
      <Button
        kind="danger"
        onClick={() => {
          actions.remove(todos);
          onClear();
        }}
      >
        Delete
      </Button>
      <IconButton icon="close" label="End selection" onClick={onClear} />
    </section>
  );
}
