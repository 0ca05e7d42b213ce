/** The open menu, on Radix: arrow keys, type-ahead and focus as screen readers expect them. */
"use client";

import clsx from "clsx";
import { DropdownMenu } from "radix-ui";
import { type ReactElement, useState } from "react";
import { Icon } from "./icon";
import type { MenuItem } from "./menu";

export default function LoadedMenu({
  label,
  items,
  trigger,
}: {
  label: string;
  items: () => MenuItem[];
  trigger: ReactElement;
}) {
  const [open, setOpen] = useState(true);
  return (
    <DropdownMenu.Root open={open} onOpenChange={setOpen} modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          aria-label={label}
          align="end"
          sideOffset={4}
          collisionPadding={8}
          className="z-40 max-h-(--radix-dropdown-menu-content-available-height) min-w-52 animate-[rise_120ms_ease-out] overflow-y-auto rounded-lg border border-line bg-raised p-1 text-ink shadow-lift"
        >
          {open &&
            items().map((item, index) => (
              <Item key={typeof item === "object" && "label" in item ? item.label : index} item={item} />
            ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function Item({ item }: { item: MenuItem }) {
  if (item === "line") return <DropdownMenu.Separator className="mx-1 my-1 h-px bg-line" />;
  if ("heading" in item)
    return (
      <DropdownMenu.Label className="px-2.5 pt-2 pb-1 text-xs font-medium text-faint">
        {item.heading}
      </DropdownMenu.Label>
    );
  const inside = (
    <>
      {item.icon && <Icon name={item.icon} className="size-4 text-muted" />}
      <span className="flex-1">{item.label}</span>
      {item.checked && <Icon name="check" className="size-4" />}
      {item.hint && <kbd className="text-xs text-faint">{item.hint}</kbd>}
    </>
  );
  const className = clsx("menu-item", item.danger && "text-danger");
  if (item.checked === undefined)
    return (
      <DropdownMenu.Item className={className} onSelect={item.run}>
        {inside}
      </DropdownMenu.Item>
    );
  return (
    <DropdownMenu.CheckboxItem className={className} checked={item.checked} onSelect={item.run}>
      {inside}
    </DropdownMenu.CheckboxItem>
  );
}
