/** The head of a page: its name, what it holds, what can be done with it. It also names the browser's tab. */

import type { ReactNode } from "react";

type Props = { title: string; detail?: string; colour?: string; children?: ReactNode };

export function PageHeader({ title, detail, colour, children }: Props) {
  return (
    <header className="flex min-h-14 flex-wrap items-center gap-x-3 gap-y-1 pt-4 pb-4 pl-3">
      <title>{`${title} · Todo`}</title>
      <h1 className="flex min-w-0 flex-1 basis-44 flex-wrap items-baseline gap-x-3 text-xl font-bold tracking-tight">
        <span className="flex min-w-0 items-baseline gap-3">
          {colour && <span className="size-3.5 shrink-0 self-center rounded-sm" style={{ background: colour }} />}
          <span className="min-w-0 break-words">{title}</span>
        </span>
        {detail && <span className="text-sm font-normal tracking-normal text-muted">{detail}</span>}
      </h1>
      {children}
    </header>
  );
}
