/** When a page breaks: what happened, and a way on. */
"use client";

import { Button } from "@/components/ui/button";

export default function PageError({ reset }: { reset: () => void }) {
  return (
    <main className="grid min-h-dvh place-content-center justify-items-center px-6 text-center">
      <h1 className="text-xl font-bold tracking-tight">Something broke on this page</h1>
      <p className="mt-1 mb-5 text-muted">Your todos are safe. Try again; if it happens once more, reload the page.</p>
      <Button kind="primary" onClick={reset}>
        Try again
      </Button>
    </main>
  );
}
