/** Which modal window is open. Anything may open one; the host in the shell shows it. */
"use client";

import { useSyncExternalStore } from "react";
import type { Label, Project } from "@/lib/model";
import type { Conflict } from "@/lib/replica/send";

export type Dialog =
  | { kind: "palette" }
  | { kind: "keys" }
  | { kind: "add"; text?: string }
  | { kind: "conflict"; conflict: Conflict }
  | { kind: "project"; project?: Project }
  | { kind: "label"; label?: Label }
  | { kind: "confirm"; title: string; text: string; action: string; run: () => void };

let current: Dialog | null = null;
const listeners = new Set<() => void>();

function show(dialog: Dialog | null): void {
  current = dialog;
  for (const listener of listeners) listener();
}

export const openDialog = (dialog: Dialog): void => show(dialog);
export const closeDialog = (): void => show(null);
export const dialogIsOpen = (): boolean => current !== null;

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useDialog = (): Dialog | null =>
  useSyncExternalStore(
    subscribe,
    () => current,
    () => null,
  );
