/** Two people, or two devices, wrote the same field: both versions, and the choice between them. */
"use client";

import { Button } from "@/components/ui/button";
import { Modal } from "@/components/ui/modal";
import { dayInWords, momentInWords } from "@/lib/days";
import { PRIORITIES } from "@/lib/model";
import { recurrenceInWords } from "@/lib/recurrence";
import type { Conflict } from "@/lib/replica/send";
import { useAccount, useSnapshot } from "./account";
import { useActions } from "./actions";
import { closeDialog } from "./dialogs";

const FIELD_NAMES: Record<string, string> = {
  title: "Title",
  name: "Name",
  notes: "Notes",
  due_at: "Due",
  due_on: "Due",
  remind_at: "Reminder",
  recurs_from: "Repeats from",
  recurrence: "Repeats",
  colour: "Colour",
  archived: "Archived",
};

export default function ConflictDialog({ conflict }: { conflict: Conflict }) {
  const actions = useActions();
  const inWords = useValueInWords();
  const mine = conflict.operation.op === "update" ? conflict.operation.patch : {};
  const value = (of: object, field: string) => inWords(field, (of as Record<string, unknown>)[field]);
  return (
    <Modal title="Changed in two places" onClose={closeDialog} className="max-w-xl">
      <div className="overflow-y-auto px-5">
        <p className="text-sm text-muted">
          While you were editing, this was changed elsewhere. Choose which version to keep.
        </p>
        {conflict.fields.map((field) => (
          <section key={field} className="mt-4">
            <h3 className="mb-1 text-sm font-semibold">
              {FIELD_NAMES[field] ?? field[0]?.toUpperCase() + field.slice(1)}
            </h3>
            <div className="grid gap-2 text-sm sm:grid-cols-2">
              {(
                [
                  ["Your version", mine],
                  ["The other version", conflict.theirs],
                ] as const
              ).map(([heading, of]) => (
                <div key={heading} className="rounded-md border border-line bg-side p-3">
                  <p className="mb-1 text-xs text-muted">{heading}</p>
                  <p className="max-h-40 overflow-y-auto break-words whitespace-pre-wrap">{value(of, field)}</p>
                </div>
              ))}
            </div>
          </section>
        ))}
      </div>
      <div className="flex flex-wrap justify-end gap-2 p-5">
        <Button onClick={closeDialog}>Keep the other version</Button>
        <Button
          kind="primary"
          onClick={() => {
            closeDialog();
            actions.overwrite(conflict);
          }}
        >
          Keep my version
        </Button>
      </div>
    </Modal>
  );
}

function useValueInWords(): (field: string, value: unknown) => string {
  const { clock } = useAccount();
  const { projects, labels } = useSnapshot();
  return (field, value) => {
    if (value === null || value === "" || (Array.isArray(value) && value.length === 0)) return "Nothing";
    if (field === "priority") return PRIORITIES.find((one) => one.value === value)?.name ?? String(value);
    if (field === "project") return projects.get(String(value))?.name ?? "Another project";
    if (field === "labels") return (value as string[]).map((id) => labels.get(id)?.name ?? "A new label").join(", ");
    if (field === "due_on") return dayInWords(String(value), clock.now.toISOString().slice(0, 10));
    if (field === "due_at" || field === "remind_at") return momentInWords(String(value), clock.now, clock.timeZone);
    if (field === "recurrence") return recurrenceInWords(String(value));
    return String(value);
  };
}
