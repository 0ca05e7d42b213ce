/** The sheet that `?` opens: every key and what it does. */
"use client";

import { Modal } from "@/components/ui/modal";
import { closeDialog } from "./dialogs";
import { KEYS } from "./keys";

export default function KeysSheet() {
  return (
    <Modal title="Keyboard" onClose={closeDialog} className="max-w-2xl">
      <div
        tabIndex={0}
        role="region"
        aria-label="All keys"
        className="grid gap-6 overflow-y-auto px-5 pt-1 pb-6 sm:grid-cols-2"
      >
        {KEYS.map(({ heading, keys }) => (
          <section key={heading}>
            <h3 className="mb-2 text-sm font-semibold">{heading}</h3>
            <dl className="text-sm">
              {keys.map((key) => (
                <div key={key.keys} className="flex items-baseline justify-between gap-4 border-t border-line py-1.5">
                  <dt className="text-muted">{key.does}</dt>
                  <dd className="flex gap-1">
                    {key.keys.split(" ").map((one) => (
                      <kbd
                        key={one}
                        className="min-w-6 rounded-sm border border-line bg-side px-1.5 text-center font-sans text-xs/5"
                      >
                        {one}
                      </kbd>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Modal>
  );
}
