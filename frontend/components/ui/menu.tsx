/** A button that opens a menu. The menu itself is loaded when it is first wanted. */
"use client";

import { lazy, type ReactElement, Suspense, useState } from "react";
import type { IconName } from "./icon";

export type MenuItem =
  | { label: string; icon?: IconName; hint?: string; danger?: boolean; checked?: boolean; run: () => void }
  | { heading: string }
  | "line";

const LoadedMenu = lazy(() => import("./loaded-menu"));

type Props = { label: string; items: () => MenuItem[]; trigger: (props: object) => ReactElement };

export function Menu({ label, items, trigger }: Props) {
  const [wanted, setWanted] = useState(false);
  const closed = trigger({ "aria-haspopup": "menu", "aria-expanded": false, onClick: () => setWanted(true) });
  if (!wanted) return closed;
  return (
    <Suspense fallback={closed}>
      <LoadedMenu label={label} items={items} trigger={trigger({})} />
    </Suspense>
  );
}
