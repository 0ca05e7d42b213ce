/** Short messages at the foot of the screen, with an action such as Undo; read out by screen readers. */
"use client";

import { useEffect, useSyncExternalStore } from "react";
import { IconButton } from "./button";

type Toast = { id: number; text: string; tone: "plain" | "problem"; action?: { label: string; run: () => void } };

const LASTS = 8_000;
let toasts: readonly Toast[] = [];
let next = 0;
const listeners = new Set<() => void>();

function set(change: readonly Toast[]): void {
  toasts = change;
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};
const NONE: readonly Toast[] = [];

export const dismiss = (id: number): void => set(toasts.filter((toast) => toast.id !== id));

/** Shows a message; at most three stand at a time. */
export function say(text: string, options: { tone?: Toast["tone"]; action?: Toast["action"] } = {}): void {
  set([...toasts.slice(-2), { id: next++, text, tone: options.tone ?? "plain", action: options.action }]);
}

/** Runs the action of the newest message that has one (the undo key). */
export function runNewestAction(): boolean {
  const newest = toasts.findLast((toast) => toast.action);
  if (!newest) return false;
  dismiss(newest.id);
  newest.action?.run();
  return true;
}

export function Toasts() {
  const shown = useSyncExternalStore(
    subscribe,
    () => toasts,
    () => NONE,
  );
  return (
    <section
      aria-label="Messages"
      aria-live="polite"
      className="pointer-events-none fixed inset-x-0 bottom-4 z-50 flex flex-col items-center gap-2 px-4"
    >
      {shown.map((toast) => (
        <OneToast key={toast.id} toast={toast} />
      ))}
    </section>
  );
}

function OneToast({ toast }: { toast: Toast }) {
  useEffect(() => {
    const timer = setTimeout(() => dismiss(toast.id), LASTS);
    return () => clearTimeout(timer);
  }, [toast.id]);
  return (
    <div className="pointer-events-auto flex max-w-full animate-[rise_140ms_ease-out] items-center gap-1 rounded-lg bg-ink py-1.5 pr-1.5 pl-4 text-sm text-paper shadow-lift">
      <span className="min-w-0 break-words">
        {toast.tone === "problem" && <span className="font-semibold">Not done: </span>}
        {toast.text}
      </span>
      {toast.action && (
        <button
          type="button"
          className="ml-2 rounded-md px-2 py-1 font-semibold underline underline-offset-2 hover:bg-paper/15"
          onClick={() => {
            dismiss(toast.id);
            toast.action?.run();
          }}
        >
          {toast.action.label}
        </button>
      )}
      <IconButton
        icon="close"
        label="Dismiss message"
        className="text-paper hover:bg-paper/15 hover:text-paper"
        iconClass="size-4"
        onClick={() => dismiss(toast.id)}
      />
    </div>
  );
}
