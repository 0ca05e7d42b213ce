/** Signing in and signing up. */
"use client";

import Link from "next/link";
import { useSearchParams } from "next/navigation";
import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { api } from "@/lib/api";
import { ApiProblem } from "@/lib/problem";

/** Only a path of this app; anything else would let a link send people elsewhere after they signed in. */
export function safeNext(next: string | null): string {
  return next && /^\/(?![/\\])/.test(next) ? next : "/today";
}

export function SignForm({ mode }: { mode: "in" | "up" }) {
  const next = useSearchParams().get("next");
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [busy, setBusy] = useState(false);
  const up = mode === "up";
  const query = next ? `?next=${encodeURIComponent(next)}` : "";

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const email = String(data.get("email"));
    const password = String(data.get("password"));
    setBusy(true);
    try {
      if (up) await api.signUp(email, password, Intl.DateTimeFormat().resolvedOptions().timeZone);
      else await api.signIn(email, password);
      location.assign(up ? "/inbox" : safeNext(next));
    } catch (error) {
      setProblem(
        error instanceof ApiProblem
          ? error
          : new ApiProblem(0, "The server cannot be reached.", "Check your connection and try again."),
      );
      setBusy(false);
    }
  }

  return (
    <>
      <h1 className="text-xl font-bold tracking-tight">{up ? "Create your account" : "Welcome back"}</h1>
      <p className="mt-1 mb-6 text-muted">
        {up ? "Everything you have to do, in one quiet place." : "Sign in to your todos."}
      </p>
      <form method="post" className="flex flex-col gap-4" onSubmit={submit}>
        <Field name="email" label="E-mail" type="email" autoComplete="username" required problem={problem} />
        <Field
          name="password"
          label="Password"
          type="password"
          autoComplete={up ? "new-password" : "current-password"}
          required
          minLength={up ? 8 : undefined}
          hint={up ? "At least 8 characters." : undefined}
          problem={problem}
        />
        {problem?.errors.every((error) => error.field !== "email" && error.field !== "password") && (
          <p role="alert" className="text-sm text-danger">
            {problem.sentence}
          </p>
        )}
        <Button kind="primary" type="submit" disabled={busy} className="mt-1 min-h-11 text-base">
          {up ? "Create account" : "Sign in"}
        </Button>
      </form>
      <p className="mt-6 text-sm text-muted">
        {up ? "Have an account already? " : "New here? "}
        <Link
          href={`${up ? "/signin" : "/signup"}${query}`}
          prefetch={false}
          className="font-medium text-accent underline underline-offset-2"
        >
          {up ? "Sign in" : "Create an account"}
        </Link>
      </p>
    </>
  );
}
