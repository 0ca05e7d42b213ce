/** What happened (activity) and what came due (notifications). */
"use client";

import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import clsx from "clsx";
import { useRouter } from "next/navigation";
import type { ReactNode } from "react";
import { useAccount, useSnapshot } from "@/components/app/account";
import { PageHeader } from "@/components/app/page-header";
import { Button } from "@/components/ui/button";
import { Empty } from "@/components/ui/empty";
import { Icon, type IconName } from "@/components/ui/icon";
import { say } from "@/components/ui/toast";
import { api } from "@/lib/api";
import { dayIn, dayInFull, dayInWords, momentInWords, timeIn } from "@/lib/days";
import type { Activity, Notification, Page } from "@/lib/model";

const EVENTS: Record<string, [string, IconName]> = {
  "todo.created.v1": ["Added", "plus"],
  "todo.updated.v1": ["Changed", "edit"],
  "todo.completed.v1": ["Completed", "check"],
  "todo.reopened.v1": ["Reopened", "restore"],
  "todo.moved.v1": ["Moved", "drag"],
  "todo.deleted.v1": ["Deleted", "trash"],
  "todo.restored.v1": ["Restored", "restore"],
  "todo.purged.v1": ["Deleted for good", "trash"],
  "todo.reminder_due.v1": ["Reminded of", "bell"],
  "project.created.v1": ["New project", "project"],
  "project.updated.v1": ["Changed project", "project"],
  "project.deleted.v1": ["Deleted project", "project"],
  "label.created.v1": ["New label", "label"],
  "label.updated.v1": ["Changed label", "label"],
  "label.deleted.v1": ["Deleted label", "label"],
  "user.signed_up.v1": ["Welcome", "user"],
  "todos.imported.v1": ["Imported", "plus"],
};

/** What it happened to, in words: an import has no title of its own. */
function subject({ type, title, data }: Activity): string {
  if (type !== "todos.imported.v1") return title;
  return data.count === 1 ? "1 todo" : `${data.count} todos`;
}

function useFeed<T>(name: string, load: (cursor?: string) => Promise<Page<T>>) {
  const query = useInfiniteQuery({
    queryKey: [name, "feed"],
    queryFn: ({ pageParam }) => load(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  return { ...query, rows: (query.data?.pages ?? []).flatMap((page) => page.results) };
}

type Feed = {
  isPending: boolean;
  isError: boolean;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
  refetch: () => unknown;
};

function FeedEnd({ feed, empty, size }: { feed: Feed; empty: ReactNode; size: number }) {
  if (feed.isPending)
    return (
      <p role="status" className="px-3 py-6 text-sm text-muted">
        Loading…
      </p>
    );
  if (feed.isError && size === 0) {
    return (
      <Empty icon="offline" title="This could not be loaded">
        <Button className="mt-3" onClick={() => feed.refetch()}>
          Try again
        </Button>
      </Empty>
    );
  }
  if (size === 0) return empty;
  if (!feed.hasNextPage) return null;
  return (
    <Button className="mt-4" disabled={feed.isFetchingNextPage} onClick={() => feed.fetchNextPage()}>
      Show earlier
    </Button>
  );
}

export function ActivityPage() {
  const { clock } = useAccount();
  const feed = useFeed<Activity>("activity", api.activity);
  const today = dayIn(clock.now, clock.timeZone);
  const days = Map.groupBy(feed.rows, (one) => dayIn(new Date(one.happened_at), clock.timeZone));
  return (
    <>
      <PageHeader title="Activity" />
      {[...days].map(([day, happened]) => (
        <section key={day} className="mb-5">
          <h2 className="border-b border-line px-3 pb-1.5 text-sm font-semibold">
            {day >= today ? "Today" : dayInWords(day, today) === "Yesterday" ? "Yesterday" : dayInFull(day)}
          </h2>
          <ul>
            {happened.map((one) => {
              const [verb, icon] = EVENTS[one.type] ?? [one.type, "activity" as const];
              return (
                <li key={one.id} className="flex items-center gap-3 px-3 py-2 text-sm">
                  <Icon name={icon} className="size-4 text-muted" />
                  <span className="min-w-0 flex-1 truncate">
                    <span className="text-muted">{verb}</span> {subject(one)}
                  </span>
                  <time dateTime={one.happened_at} className="text-xs text-faint tabular-nums">
                    {timeIn(new Date(one.happened_at), clock.timeZone)}
                  </time>
                </li>
              );
            })}
          </ul>
        </section>
      ))}
      <FeedEnd feed={feed} size={feed.rows.length} empty={<Empty icon="activity" title="Nothing has happened yet" />} />
    </>
  );
}

export function NotificationsPage() {
  const { clock } = useAccount();
  const { todos } = useSnapshot();
  const router = useRouter();
  const queries = useQueryClient();
  const feed = useFeed<Notification>("notifications", (cursor) => api.notifications({ cursor }));
  const act = async (work: Promise<unknown>) => {
    await work.catch((error: Error) => say(error.message, { tone: "problem" }));
    await queries.invalidateQueries({ queryKey: ["notifications"] });
  };
  const open = (one: Notification) => {
    if (one.read_at === null) void act(api.markNotification(one.id, true));
    const todo = todos.get(one.todo);
    if (todo) router.push(`/projects/${todo.project}?todo=${todo.id}`);
  };
  return (
    <>
      <PageHeader title="Notifications">
        {feed.rows.some((one) => one.read_at === null) && (
          <Button onClick={() => void act(api.markAllRead())}>Mark all as read</Button>
        )}
      </PageHeader>
      <ul aria-label="Notifications">
        {feed.rows.map((one) => (
          <li key={one.id} className="flex min-h-14 items-center gap-3 rounded-lg pr-2 pl-3 hover:bg-hover">
            <span
              className={clsx("size-2 shrink-0 rounded-full", one.read_at === null ? "bg-accent" : "bg-transparent")}
            />
            <button type="button" className="min-w-0 flex-1 py-2 text-left" onClick={() => open(one)}>
              <span className={clsx("block truncate", one.read_at === null && "font-semibold")}>
                {one.read_at === null && <span className="sr-only">Unread: </span>}
                {one.title}
              </span>
              <span className="text-xs text-muted">
                Reminder for {momentInWords(one.remind_at, clock.now, clock.timeZone)}
              </span>
            </button>
            <Button onClick={() => void act(api.markNotification(one.id, one.read_at === null))}>
              {one.read_at === null ? "Mark as read" : "Mark as unread"}
            </Button>
          </li>
        ))}
      </ul>
      <FeedEnd
        feed={feed}
        size={feed.rows.length}
        empty={
          <Empty icon="bell" title="No reminders yet">
            Give a todo a reminder, and it is announced here.
          </Empty>
        }
      />
    </>
  );
}
