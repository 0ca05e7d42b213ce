/** The address as state: which todo's details are open, without asking the server for a new page. */
"use client";

import { useSearchParams } from "next/navigation";

function withTodo(id: string | null): string {
  const url = new URL(location.href);
  if (id) url.searchParams.set("todo", id);
  else url.searchParams.delete("todo");
  return url.pathname + url.search;
}

export function openDetails(id: string): void {
  const alreadyOpen = new URL(location.href).searchParams.has("todo");
  history[alreadyOpen ? "replaceState" : "pushState"](null, "", withTodo(id));
}

/** Gives the focus back to the todo's row. */
export function closeDetails(): void {
  const id = new URL(location.href).searchParams.get("todo");
  history.replaceState(null, "", withTodo(null));
  if (id)
    requestAnimationFrame(() =>
      document.querySelector<HTMLElement>(`[data-row="${CSS.escape(id)}"] [data-title]`)?.focus(),
    );
}

export const useOpenTodo = (): string | null => useSearchParams().get("todo");
