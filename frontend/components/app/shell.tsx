/** The frame of the signed-in app: sidebar, page, details panel, and what may stand above them. */
"use client";

import dynamic from "next/dynamic";
import { type ReactNode, Suspense } from "react";
import { Toasts } from "@/components/ui/toast";
import { AccountProvider, useSnapshot } from "./account";
import { Connection } from "./connection";
import { DialogHost } from "./dialog-host";
import { useOpenTodo } from "./navigation";
import { Shortcuts } from "./shortcuts";
import { Drawer, Sidebar } from "./sidebar";
import { Skeleton } from "./skeleton";

const Details = dynamic(() => import("@/components/todos/details"), { ssr: false });

export function Shell({ children }: { children: ReactNode }) {
  return (
    <AccountProvider waiting={<Frame sidebar={<div className="w-64" />} page={<Skeleton />} />}>
      <a
        href="#main"
        className="sr-only z-50 rounded-md bg-accent px-3 py-2 text-on-accent focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        Skip to content
      </a>
      <Frame sidebar={<Sidebar />} top={<Drawer />} page={<Page>{children}</Page>}>
        <Suspense>
          <OpenDetails />
        </Suspense>
      </Frame>
      <Shortcuts />
      <DialogHost />
      <Connection />
      <Toasts />
    </AccountProvider>
  );
}

function Frame({
  sidebar,
  top,
  page,
  children,
}: {
  sidebar: ReactNode;
  top?: ReactNode;
  page: ReactNode;
  children?: ReactNode;
}) {
  return (
    <div className="flex h-dvh overflow-hidden">
      <div className="hidden shrink-0 border-r border-line bg-side md:block">{sidebar}</div>
      <div className="flex min-w-0 flex-1 flex-col">
        <div className="h-14 shrink-0 md:hidden">{top}</div>
        <main
          id="main"
          tabIndex={-1}
          data-scroller
          className="min-h-0 flex-1 overflow-x-hidden overflow-y-auto outline-none"
        >
          <div className="mx-auto w-full max-w-3xl px-3 pb-28 sm:px-6 md:pt-6 has-data-wide:max-w-none">{page}</div>
        </main>
      </div>
      {children}
    </div>
  );
}

function Page({ children }: { children: ReactNode }) {
  return useSnapshot().ready ? children : <Skeleton />;
}

function OpenDetails() {
  const id = useOpenTodo();
  return id && <Details id={id} />;
}
