/** Says when the server cannot be reached, and that what was done meanwhile is kept. */
"use client";

import { Icon } from "@/components/ui/icon";
import { useSnapshot } from "./account";

export function Connection() {
  const { online, pending } = useSnapshot();
  return (
    <div role="status" className="pointer-events-none fixed inset-x-0 top-2 z-40 flex justify-center px-4">
      {!online && (
        <p className="flex animate-[rise_140ms_ease-out] items-center gap-2 rounded-lg border border-line bg-raised px-3 py-1.5 text-sm shadow-lift">
          <Icon name="offline" className="size-4 text-danger" />
          <span>
            Offline.{" "}
            {pending > 0
              ? `${pending} ${pending === 1 ? "change waits" : "changes wait"} to be sent.`
              : "You see what was last known."}
          </span>
        </p>
      )}
    </div>
  );
}
