/** Today and Upcoming: what is due, over all projects. */
"use client";

import { useMemo, useState } from "react";
import { useAccount, useSnapshot } from "@/components/app/account";
import { useActions } from "@/components/app/actions";
import { PageHeader } from "@/components/app/page-header";
import { QuickAdd } from "@/components/todos/quick-add";
import { TodoList } from "@/components/todos/todo-list";
import { Button } from "@/components/ui/button";
import { Empty } from "@/components/ui/empty";
import { dayIn, dayInFull } from "@/lib/days";
import { inbox, select, type View } from "@/lib/views";

function useGroups(view: View) {
  const { clock } = useAccount();
  const snapshot = useSnapshot();
  const { todos, projects, labels } = snapshot;
  const [lingering, linger] = useState<ReadonlySet<string>>(new Set());
  const groups = useMemo(
    () => select({ todos, projects, labels }, view, clock, lingering),
    [todos, projects, labels, view, clock, lingering],
  );
  return { groups, linger, home: inbox(snapshot), today: dayIn(clock.now, clock.timeZone) };
}

const TODAY: View = { kind: "today" };
const UPCOMING: View = { kind: "upcoming" };

export function TodayPage() {
  const actions = useActions();
  const { groups, linger, home, today } = useGroups(TODAY);
  const overdue = groups.find((group) => group.id === "overdue")?.todos ?? [];
  const none = groups.every((group) => group.todos.length === 0);
  return (
    <>
      <PageHeader title="Today" detail={dayInFull(today)}>
        {overdue.length > 0 && (
          <Button onClick={() => void actions.update(overdue, { due_on: today, due_at: null })}>
            Move overdue to today
          </Button>
        )}
      </PageHeader>
      {home && (
        <div className="mb-3">
          <QuickAdd defaults={{ project: home.id, due_on: today }} />
        </div>
      )}
      {!none && <TodoList label="Today" groups={groups} showProject linger={linger} />}
      {none && (
        <Empty icon="today" title="Nothing more today">
          Enjoy it, or look at what is upcoming.
        </Empty>
      )}
    </>
  );
}

export function UpcomingPage() {
  const { groups, linger, home, today } = useGroups(UPCOMING);
  return (
    <>
      <PageHeader title="Upcoming" />
      {home && <QuickAdd defaults={{ project: home.id, due_on: today }} />}
      <TodoList label="Upcoming" groups={groups} showProject linger={linger} />
    </>
  );
}
