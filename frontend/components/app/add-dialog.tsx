/** Quick add from anywhere; a todo goes to the Inbox unless the line says otherwise. */
"use client";

import { QuickAdd } from "@/components/todos/quick-add";
import { Modal } from "@/components/ui/modal";
import { inbox } from "@/lib/views";
import { useSnapshot } from "./account";
import { closeDialog } from "./dialogs";

export default function AddDialog({ text }: { text?: string }) {
  const home = inbox(useSnapshot());
  if (!home) return null;
  return (
    <Modal title="Add a todo" onClose={closeDialog} className="max-w-xl">
      <div className="overflow-y-auto p-5 pt-1">
        <QuickAdd defaults={{ project: home.id }} initial={text} autoFocus onAdded={closeDialog} />
        <p className="mt-3 text-sm text-muted">
          Words like “tomorrow 9am”, “every month”, “#project”, “@label” and “p1” are understood.
        </p>
      </div>
    </Modal>
  );
}
