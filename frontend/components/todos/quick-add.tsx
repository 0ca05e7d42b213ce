/** One line that becomes a todo; what it understood stands below as chips, before Enter is pressed. */
"use client";

import clsx from "clsx";
import { type FormEvent, useId, useMemo, useRef, useState } from "react";
import { useAccount } from "@/components/app/account";
import { useActions } from "@/components/app/actions";
import { Icon, type IconName } from "@/components/ui/icon";
import type { Todo } from "@/lib/model";
import { type Chip, parseQuickAdd } from "@/lib/quick-add";

const CHIP_ICONS: Record<Chip["kind"], IconName> = {
  due: "today",
  project: "project",
  label: "label",
  priority: "flag",
  repeat: "repeat",
};
const CHIP_NAMES: Record<Chip["kind"], string> = {
  due: "Due",
  project: "Project",
  label: "Label",
  priority: "Priority",
  repeat: "Repeats",
};

type Props = {
  defaults: Partial<Todo> & { project: string };
  initial?: string;
  autoFocus?: boolean;
  onAdded?: () => void;
};

export function QuickAdd({ defaults, initial = "", autoFocus = false, onAdded }: Props) {
  const { clock } = useAccount();
  const actions = useActions();
  const input = useRef<HTMLInputElement>(null);
  const hint = useId();
  const [text, setText] = useState(initial);
  const [literal, setLiteral] = useState<ReadonlySet<string>>(new Set());
  const parsed = useMemo(() => parseQuickAdd(text, { ...clock, literal }), [text, clock, literal]);

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (!parsed.title.trim()) return;
    actions.add(parseQuickAdd(text, { now: new Date(), timeZone: clock.timeZone, literal }), defaults);
    setText("");
    setLiteral(new Set());
    onAdded?.();
  }

  return (
    <form onSubmit={submit}>
      <div className="flex items-center gap-2.5 rounded-lg border border-line bg-raised px-3 shadow-rim focus-within:border-accent">
        <Icon name="plus" className="size-5 text-accent" />
        <input
          ref={input}
          autoFocus={autoFocus}
          aria-label="Add a todo"
          aria-describedby={hint}
          placeholder="Add a todo: Pay rent tomorrow 9am #home p1"
          className="min-w-0 flex-1 bg-transparent py-2.5 outline-none"
          value={text}
          maxLength={1000}
          autoComplete="off"
          enterKeyHint="done"
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => event.key === "Escape" && !onAdded && (text ? setText("") : input.current?.blur())}
        />
        {text && (
          <button
            type="submit"
            className="shrink-0 rounded-md bg-accent px-2.5 py-1 text-sm font-medium text-on-accent hover:bg-accent-strong"
          >
            Add
          </button>
        )}
      </div>
      <p id={hint} className="sr-only">
        Say when with words, such as tomorrow 9am or every month. Use # for a project, @ for a label, p1 to p4 for
        priority.
      </p>
      <ul
        aria-label="Understood"
        aria-live="polite"
        className={clsx("flex flex-wrap gap-1.5", parsed.chips.length > 0 && "pt-2")}
      >
        {parsed.chips.map((chip) => (
          <li key={chip.kind + chip.text} className="animate-[rise_120ms_ease-out]">
            <button
              type="button"
              title="Keep these words in the title"
              aria-label={`${CHIP_NAMES[chip.kind]}: ${chip.label}. Keep the words in the title instead`}
              onClick={() => {
                setLiteral(new Set([...literal, ...chip.text.split("\n")]));
                input.current?.focus();
              }}
              className="inline-flex items-center gap-1.5 rounded-md bg-picked py-0.5 pr-1.5 pl-2 text-sm hover:bg-hover"
            >
              <Icon name={CHIP_ICONS[chip.kind]} className="size-3.5 text-accent" />
              {chip.label}
              <Icon name="close" className="size-3 text-muted" />
            </button>
          </li>
        ))}
      </ul>
    </form>
  );
}
