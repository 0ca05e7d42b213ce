/** The account as this tab knows it: open todos, projects and labels, by id. Values are never changed in place. */
import type { Label, Project, Todo } from "../model";

export type State = {
  todos: ReadonlyMap<string, Todo>;
  projects: ReadonlyMap<string, Project>;
  labels: ReadonlyMap<string, Label>;
};

export type Delta = {
  todos?: readonly Todo[];
  projects?: readonly Project[];
  labels?: readonly Label[];
  deleted?: readonly { type: string; id: string }[];
};

export const EMPTY: State = { todos: new Map(), projects: new Map(), labels: new Map() };

/** Takes in what the server said. An older version than the one known is old news and is dropped. */
export function merge(state: State, delta: Delta): State {
  const gone = (type: string) => delta.deleted?.filter((one) => one.type === type).map((one) => one.id) ?? [];
  return {
    todos: mergeMap(state.todos, delta.todos, gone("todo")),
    projects: mergeMap(state.projects, delta.projects, gone("project")),
    labels: mergeMap(state.labels, delta.labels, gone("label")),
  };
}

function mergeMap<T extends { id: string; version: number }>(
  known: ReadonlyMap<string, T>,
  news: readonly T[] = [],
  gone: readonly string[],
): ReadonlyMap<string, T> {
  const fresh = news.filter((one) => (known.get(one.id)?.version ?? -1) < one.version);
  const leaving = gone.filter((id) => known.has(id));
  if (fresh.length === 0 && leaving.length === 0) return known;
  const merged = new Map(known);
  for (const one of fresh) merged.set(one.id, one);
  for (const id of leaving) merged.delete(id);
  return merged;
}

/** Bytewise, as the server sorts positions; equal ones by age. */
export const byPosition = (a: { position: string; id: string }, b: { position: string; id: string }): number =>
  a.position < b.position ? -1 : a.position > b.position ? 1 : a.id < b.id ? -1 : 1;
