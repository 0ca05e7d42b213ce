/** A small window at a button, on Radix. Loaded with what uses it, never with the first page. */
"use client";

import { Popover as Radix } from "radix-ui";
import { type ReactElement, type ReactNode, useState } from "react";

type Props = { label: string; trigger: ReactElement; children: (close: () => void) => ReactNode };

export function Popover({ label, trigger, children }: Props) {
  const [open, setOpen] = useState(false);
  return (
    <Radix.Root open={open} onOpenChange={setOpen}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          aria-label={label}
          align="start"
          sideOffset={4}
          collisionPadding={8}
          className="z-40 max-h-(--radix-popover-content-available-height) w-72 max-w-[calc(100vw-1rem)] animate-[rise_120ms_ease-out] overflow-y-auto rounded-lg border border-line bg-raised p-3 text-ink shadow-lift"
        >
          {children(() => setOpen(false))}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
