/** Search in the API's query language; what it does not understand is marked at the word. */
"use client";

import { useInfiniteQuery } from "@tanstack/react-query";
import { useSearchParams } from "next/navigation";
import { type FormEvent, useMemo, useState } from "react";
import { useSnapshot } from "@/components/app/account";
import { PageHeader } from "@/components/app/page-header";
import { TodoList } from "@/components/todos/todo-list";
import { Button } from "@/components/ui/button";
import { Empty } from "@/components/ui/empty";
import { Icon } from "@/components/ui/icon";
import { api } from "@/lib/api";
import { ApiProblem } from "@/lib/problem";

const EXAMPLES = [
  ["due:today p1", "urgent and due today"],
  ["due:overdue", "past its day"],
  ["#home -done", "open in a project"],
  ['"exact words"', "as written"],
  ["@work due:week", "a label, this week"],
] as const;

export function SearchPage() {
  const asked = useSearchParams().get("q") ?? "";
  const [text, setText] = useState(asked);
  const ask = (query: string) => {
    setText(query);
    history.replaceState(null, "", query.trim() ? `?q=${encodeURIComponent(query.trim())}` : location.pathname);
  };
  return (
    <>
      <PageHeader title="Search" />
      <search>
        <form
          className="flex gap-2"
          onSubmit={(event: FormEvent) => {
            event.preventDefault();
            ask(text);
          }}
        >
          <label className="flex min-w-0 flex-1 items-center gap-2.5 rounded-lg border border-line bg-raised px-3 shadow-rim focus-within:border-accent">
            <Icon name="search" className="size-5 text-faint" />
            <span className="sr-only">Search</span>
            <input
              autoFocus
              type="search"
              maxLength={500}
              className="min-w-0 flex-1 bg-transparent py-2.5 outline-none"
              placeholder="milk due:week #home"
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          </label>
          <Button kind="primary" type="submit" className="min-h-11">
            Search
          </Button>
        </form>
      </search>
      {asked ? <Results query={asked} /> : <Examples onChoose={ask} />}
    </>
  );
}

function Examples({ onChoose }: { onChoose: (query: string) => void }) {
  return (
    <section aria-label="Examples" className="mt-6 px-3">
      <p className="mb-2 text-sm text-muted">Words find titles and notes. Narrow down with:</p>
      <ul className="flex flex-col items-start gap-1.5 text-sm">
        {EXAMPLES.map(([query, meaning]) => (
          <li key={query} className="flex items-baseline gap-3">
            <button
              type="button"
              className="rounded-md bg-picked px-2 py-1 font-mono hover:bg-hover"
              onClick={() => onChoose(query)}
            >
              {query}
            </button>
            <span className="text-muted">{meaning}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Results({ query }: { query: string }) {
  const known = useSnapshot().todos;
  const { data, error, isPending, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ["todos", "search", query],
    queryFn: ({ pageParam }) => api.search(query, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    retry: false,
  });
  const found = useMemo(
    () =>
      (data?.pages ?? [])
        .flatMap((page) => page.results)
        .flatMap((todo) => known.get(todo.id) ?? todo)
        .filter((todo) => todo.deleted_at === null),
    [data, known],
  );
  const groups = useMemo(() => [{ id: "found", title: null, todos: found }], [found]);
  if (error instanceof ApiProblem && error.status === 400) return <QueryProblem query={query} problem={error} />;
  if (error) {
    return (
      <Empty icon="offline" title="The search did not work">
        {error.message}
      </Empty>
    );
  }
  if (isPending)
    return (
      <p role="status" className="px-3 py-6 text-sm text-muted">
        Searching…
      </p>
    );
  return (
    <>
      <p role="status" className="px-3 pt-4 pb-2 text-sm text-muted">
        {found.length === 0 ? "" : `${found.length}${hasNextPage ? " or more" : ""} found`}
      </p>
      {found.length === 0 ? (
        <Empty icon="search" title="Nothing found">
          Try fewer words, or look in completed todos with is:done.
        </Empty>
      ) : (
        <TodoList label="Found" groups={groups} showProject />
      )}
      {hasNextPage && (
        <Button className="mt-3" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Show more
        </Button>
      )}
    </>
  );
}

/** The query as it was written, with the word that was not understood underlined. */
function QueryProblem({ query, problem }: { query: string; problem: ApiProblem }) {
  const [error] = problem.errors;
  const start = error?.position ?? 0;
  const letters = [...query];
  const end = start + (error?.length ?? 0);
  return (
    <div role="alert" className="mt-4 rounded-lg border border-line bg-raised p-4 text-sm">
      <p className="mb-1 font-mono break-words whitespace-pre-wrap">
        {letters.slice(0, start).join("")}
        <mark className="bg-transparent font-bold text-danger underline decoration-wavy underline-offset-4">
          {letters.slice(start, end).join("")}
        </mark>
        {letters.slice(end).join("")}
      </p>
      <p className="text-muted">{problem.sentence}</p>
    </div>
  );
}
