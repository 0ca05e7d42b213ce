/** The account: time zone, reminder mails, password, signing out, and the end of it. */
"use client";

import { type FormEvent, useState } from "react";
import { useAccount } from "@/components/app/account";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { Modal } from "@/components/ui/modal";
import { say } from "@/components/ui/toast";
import { api } from "@/lib/api";
import type { User } from "@/lib/model";
import { ApiProblem } from "@/lib/problem";
import { Section } from "./settings-page";

const refusal = (error: unknown) =>
  error instanceof ApiProblem ? error : new ApiProblem(0, "The server cannot be reached.", "");

export function AccountSection() {
  const { leave } = useAccount();
  return (
    <>
      <Section title="Account">
        <Preferences />
      </Section>
      <Section title="Password">
        <Password />
      </Section>
      <Section title="Leave">
        <div className="flex flex-wrap gap-2">
          <Button
            onClick={() =>
              void leave(api.signOut, "/signin").catch((error) => say(refusal(error).sentence, { tone: "problem" }))
            }
          >
            Sign out
          </Button>
          <DeleteAccount />
        </div>
      </Section>
    </>
  );
}

function Preferences() {
  const { user, setUser } = useAccount();
  const zones = Intl.supportedValuesOf("timeZone");
  const update = (patch: Partial<Pick<User, "time_zone" | "email_reminders">>) => {
    const before = user;
    setUser({ ...user, ...patch });
    api.updateUser(patch).then(setUser, (error) => {
      setUser(before);
      say(refusal(error).sentence, { tone: "problem" });
    });
  };
  return (
    <div className="flex flex-col gap-4 text-sm">
      <p>
        <span className="text-muted">Signed in as </span>
        {user.email}
      </p>
      <label className="flex max-w-sm flex-col gap-1">
        Time zone
        <select
          className="field text-base"
          value={user.time_zone}
          onChange={(event) => update({ time_zone: event.target.value })}
        >
          {!zones.includes(user.time_zone) && <option>{user.time_zone}</option>}
          {zones.map((zone) => (
            <option key={zone}>{zone}</option>
          ))}
        </select>
      </label>
      <label className="flex items-center gap-2">
        <input
          type="checkbox"
          className="size-4 accent-accent"
          checked={user.email_reminders}
          onChange={(event) => update({ email_reminders: event.target.checked })}
        />
        Send reminders by e-mail too
      </label>
    </div>
  );
}

function Password() {
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    try {
      await api.changePassword(String(data.get("current_password")), String(data.get("new_password")));
      setProblem(null);
      form.reset();
      say("Your password is changed.");
    } catch (error) {
      setProblem(refusal(error));
    }
  }
  return (
    <form className="flex max-w-sm flex-col gap-3" onSubmit={submit}>
      <Field
        name="current_password"
        label="Current password"
        type="password"
        autoComplete="current-password"
        required
        problem={problem}
      />
      <Field
        name="new_password"
        label="New password"
        type="password"
        autoComplete="new-password"
        required
        minLength={8}
        problem={problem}
      />
      {problem && problem.errors.length === 0 && (
        <p role="alert" className="text-sm text-danger">
          {problem.sentence}
        </p>
      )}
      <Button type="submit" className="self-start">
        Change password
      </Button>
    </form>
  );
}

function DeleteAccount() {
  const { leave } = useAccount();
  const [open, setOpen] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const password = String(new FormData(event.currentTarget).get("password"));
    leave(() => api.deleteAccount(password), "/signup").catch((error) => setProblem(refusal(error)));
  }
  return (
    <>
      <Button kind="danger" onClick={() => setOpen(true)}>
        Delete account
      </Button>
      {open && (
        <Modal title="Delete your account?" onClose={() => setOpen(false)}>
          <form className="flex flex-col gap-4 p-5 pt-0" onSubmit={submit}>
            <p className="text-sm text-muted">
              All your todos, projects and labels are deleted for good. Export them first if you want to keep them.
            </p>
            <Field
              name="password"
              label="Your password"
              type="password"
              autoComplete="current-password"
              required
              problem={problem}
            />
            {problem && !problem.field("password") && (
              <p role="alert" className="text-sm text-danger">
                {problem.sentence}
              </p>
            )}
            <div className="flex justify-end gap-2">
              <Button onClick={() => setOpen(false)}>Cancel</Button>
              <Button kind="danger" type="submit">
                Delete for good
              </Button>
            </div>
          </form>
        </Modal>
      )}
    </>
  );
}
