/** A page with nothing on it yet, and what to do about it. */

import type { ReactNode } from "react";
import { Icon, type IconName } from "./icon";

export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ReactNode }) {
  return (
    <div className="mx-auto flex max-w-sm flex-col items-center px-4 py-16 text-center">
      <span className="mb-4 grid size-16 place-items-center rounded-full bg-picked text-accent">
        <Icon name={icon} className="size-7" />
      </span>
      <p className="font-semibold">{title}</p>
      <div className="mt-1 text-sm text-muted">{children}</div>
    </div>
  );
}
