/** Choosing when: by words, by a near day, in a calendar, and with a time. For the due value and for the reminder. */
"use client";

import { useId, useState } from "react";
import { useAccount } from "@/components/app/account";
import { Button } from "@/components/ui/button";
import { Icon } from "@/components/ui/icon";
import { addDays, type Day, dayIn, dayInWords, momentOf, timeIn, weekdayOf } from "@/lib/days";
import { parseQuickAdd } from "@/lib/quick-add";
import { Calendar } from "./calendar";

export type When = { day: Day; time: string | null } | null;

/** A due value or a reminder as day and time. */
export function whenOf(day: Day | null, moment: string | null, timeZone: string): When {
  if (moment) return { day: dayIn(new Date(moment), timeZone), time: timeIn(new Date(moment), timeZone) };
  return day ? { day, time: null } : null;
}

export const momentOfWhen = (when: { day: Day; time: string | null }, timeZone: string): string =>
  momentOf(when.day, when.time ?? "09:00", timeZone)
    .toISOString()
    .replace(".000Z", "Z");

type Props = { value: When; timed?: boolean; onChange: (when: When) => void; onDone: () => void };

export function DuePicker({ value, timed = false, onChange, onDone }: Props) {
  const { clock } = useAccount();
  const id = useId();
  const [text, setText] = useState("");
  const today = dayIn(clock.now, clock.timeZone);
  const said = parseQuickAdd(text, clock);
  const understood = whenOf(said.due_on, said.due_at, clock.timeZone);
  const choose = (day: Day) => {
    onChange({ day, time: value?.time ?? (timed ? "09:00" : null) });
    onDone();
  };
  const near = [
    ["Today", today],
    ["Tomorrow", addDays(today, 1)],
    ["Next week", addDays(today, 8 - weekdayOf(today))],
  ] as const;
  return (
    <div className="flex flex-col gap-3">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!understood) return;
          onChange({ ...understood, time: understood.time ?? (timed ? "09:00" : null) });
          onDone();
        }}
      >
        <input
          aria-label="When, in words"
          placeholder="fri 9am, in 3 days, 24 dec"
          className="field text-sm"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <p aria-live="polite" className="text-xs text-muted empty:hidden">
          {text &&
            (understood
              ? `${dayInWords(understood.day, today)} ${understood.time ?? ""} (Enter)`
              : "Not understood yet")}
        </p>
      </form>
      <div className="flex gap-1.5">
        {near.map(([name, day]) => (
          <Button key={name} className="flex-1 px-1" onClick={() => choose(day)}>
            {name}
          </Button>
        ))}
      </div>
      <Calendar value={value?.day ?? null} today={today} onChoose={choose} />
      <div className="flex items-center gap-2">
        <label htmlFor={`${id}-time`} className="flex items-center gap-1.5 text-sm text-muted">
          <Icon name="clock" className="size-4" />
          Time
        </label>
        <input
          id={`${id}-time`}
          type="time"
          className="field min-h-9 flex-1 py-1 text-sm"
          value={value?.time ?? ""}
          onChange={(event) => onChange({ day: value?.day ?? today, time: event.target.value || null })}
        />
        {value && (
          <Button
            onClick={() => {
              onChange(null);
              onDone();
            }}
          >
            Clear
          </Button>
        )}
      </div>
    </div>
  );
}
