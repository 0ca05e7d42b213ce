/** The frame of the pages before signing in. */
import { type ReactNode, Suspense } from "react";
import { Icon } from "@/components/ui/icon";

export default function AuthLayout({ children }: { children: ReactNode }) {
  return (
    <main className="grid min-h-dvh place-items-center bg-side px-4 py-10">
      <div className="w-full max-w-sm">
        <p className="mb-6 flex items-center gap-2 font-semibold">
          <span className="grid size-8 place-items-center rounded-full bg-accent text-on-accent">
            <Icon name="check" className="size-5" />
          </span>
          Todo
        </p>
        <div className="rounded-xl border border-line bg-raised p-6 shadow-rim sm:p-8">
          <Suspense>{children}</Suspense>
        </div>
      </div>
    </main>
  );
}
