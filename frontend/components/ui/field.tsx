/** A labelled input that shows what the server says about it. */

import { type ComponentProps, useId } from "react";
import type { ApiProblem } from "@/lib/problem";

type Props = ComponentProps<"input"> & { label: string; name: string; hint?: string; problem?: ApiProblem | null };

export function Field({ label, hint, problem, ...input }: Props) {
  const id = useId();
  const wrong = problem?.errors.filter((error) => error.field === input.name).map((error) => error.detail) ?? [];
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      <input
        id={id}
        className="field"
        aria-invalid={wrong.length > 0 || undefined}
        aria-describedby={`${id}-help`}
        {...input}
      />
      <p
        id={`${id}-help`}
        role={wrong.length ? "alert" : undefined}
        className={wrong.length ? "text-sm text-danger" : "text-sm text-muted empty:hidden"}
      >
        {wrong.length ? wrong.join(" ") : hint}
      </p>
    </div>
  );
}
