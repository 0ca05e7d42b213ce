/** API tokens: the list, a new one shown once, and taking one back. */
"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useAccount } from "@/components/app/account";
import { openDialog } from "@/components/app/dialogs";
import { Button, IconButton } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { say } from "@/components/ui/toast";
import { api } from "@/lib/api";
import { addDays, dayIn, dayInWords, momentInWords, momentOf } from "@/lib/days";
import type { ApiToken } from "@/lib/model";
import { ApiProblem } from "@/lib/problem";

const LIFETIMES = [
  ["30", "30 days"],
  ["90", "90 days"],
  ["365", "One year"],
  ["", "Never expires"],
] as const;

export default function Tokens() {
  const { clock } = useAccount();
  const queries = useQueryClient();
  const { data } = useQuery({ queryKey: ["tokens"], queryFn: api.tokens });
  const reload = () => queries.invalidateQueries({ queryKey: ["tokens"] });
  const revoke = (token: ApiToken) =>
    openDialog({
      kind: "confirm",
      title: `Revoke ${token.name}?`,
      text: "Programs that use this token stop working at once.",
      action: "Revoke token",
      run: () => void api.deleteToken(token.id).then(reload, (error: Error) => say(error.message, { tone: "problem" })),
    });
  const today = dayIn(clock.now, clock.timeZone);
  const until = (token: ApiToken) =>
    token.expires_at
      ? `until ${dayInWords(dayIn(new Date(token.expires_at), clock.timeZone), today)}`
      : "never expires";
  return (
    <>
      {data && data.results.length > 0 && (
        <ul className="mb-4">
          {data.results.map((token) => (
            <li key={token.id} className="flex items-center gap-3 border-b border-line py-2 text-sm">
              <span className="min-w-0 flex-1">
                <span className="block truncate font-medium">{token.name}</span>
                <span className="text-xs text-muted">
                  {token.scopes.includes("write") ? "Reads and writes" : "Reads only"}, {until(token)}
                  {token.last_used_at && `, last used ${momentInWords(token.last_used_at, clock.now, clock.timeZone)}`}
                </span>
              </span>
              <IconButton icon="trash" label={`Revoke ${token.name}`} onClick={() => revoke(token)} />
            </li>
          ))}
        </ul>
      )}
      <NewToken onMade={reload} />
    </>
  );
}

function NewToken({ onMade }: { onMade: () => void }) {
  const { clock } = useAccount();
  const [made, setMade] = useState<string | null>(null);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    const days = Number(data.get("days"));
    const last = addDays(dayIn(new Date(), clock.timeZone), days);
    const expires = days ? momentOf(last, "23:59", clock.timeZone).toISOString() : null;
    try {
      const { token } = await api.createToken(
        String(data.get("name")),
        data.get("write") ? ["read", "write"] : ["read"],
        expires,
      );
      setMade(token);
      setProblem(null);
      form.reset();
      onMade();
    } catch (error) {
      setProblem(error instanceof ApiProblem ? error : new ApiProblem(0, "The server cannot be reached.", ""));
    }
  }
  return (
    <>
      {made && (
        <div role="status" className="mb-4 rounded-lg bg-picked p-3 text-sm">
          <p className="mb-1 font-medium">Copy this token now. It is not shown again.</p>
          <div className="flex items-center gap-2">
            <code className="min-w-0 flex-1 font-mono break-all select-all">{made}</code>
            <Button onClick={() => void navigator.clipboard.writeText(made).then(() => say("Copied."))}>Copy</Button>
          </div>
        </div>
      )}
      <form onSubmit={submit} className="flex flex-wrap items-end gap-3 text-sm">
        <div className="min-w-40 flex-1">
          <Field name="name" label="Name" required maxLength={100} placeholder="Backup script" problem={problem} />
        </div>
        <label className="flex flex-col gap-1 font-medium">
          Lasts
          <select name="days" className="field text-base font-normal">
            {LIFETIMES.map(([days, name]) => (
              <option key={days} value={days}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label className="flex min-h-10 items-center gap-2">
          <input type="checkbox" name="write" className="size-4 accent-accent" />
          May write
        </label>
        <Button type="submit" className="min-h-10">
          Create token
        </Button>
      </form>
      {problem && !problem.field("name") && (
        <p role="alert" className="mt-2 text-sm text-danger">
          {problem.sentence}
        </p>
      )}
    </>
  );
}
