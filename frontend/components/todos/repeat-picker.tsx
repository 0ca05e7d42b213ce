/** Choosing how a todo comes again, in plain words. */
"use client";

import { useId, useState } from "react";
import { Button } from "@/components/ui/button";
import { Icon } from "@/components/ui/icon";
import { type Day, weekdayOf } from "@/lib/days";
import { recurrenceFromWords, recurrenceInWords, WEEKDAYS } from "@/lib/recurrence";

export type Repeat = { recurrence: string; recurs_from: "due" | "completion" };

type Props = { value: Repeat; day: Day; onChange: (repeat: Repeat) => void; onDone: () => void };

export function RepeatPicker({ value, day, onChange, onDone }: Props) {
  const id = useId();
  const [words, setWords] = useState(recurrenceInWords(value.recurrence));
  const understood = recurrenceFromWords(words);
  const weekday = WEEKDAYS[weekdayOf(day) - 1];
  const usual = [
    "FREQ=DAILY",
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    `FREQ=WEEKLY;BYDAY=${weekday}`,
    `FREQ=MONTHLY;BYMONTHDAY=${Number(day.slice(8))}`,
    `FREQ=YEARLY;BYMONTH=${Number(day.slice(5, 7))};BYMONTHDAY=${Number(day.slice(8))}`,
  ];
  const choose = (recurrence: string) => {
    onChange({ ...value, recurrence });
    onDone();
  };
  return (
    <div className="flex flex-col gap-2">
      <ul>
        {usual.map((rrule) => (
          <li key={rrule}>
            <button type="button" className="menu-item" onClick={() => choose(rrule)}>
              <span className="flex-1 first-letter:uppercase">{recurrenceInWords(rrule)}</span>
              {value.recurrence === rrule && <Icon name="check" className="size-4" />}
            </button>
          </li>
        ))}
      </ul>
      <form
        className="flex flex-col gap-1"
        onSubmit={(event) => {
          event.preventDefault();
          if (understood) choose(understood);
        }}
      >
        <label htmlFor={id} className="text-xs text-muted">
          Or in your words
        </label>
        <input
          id={id}
          className="field text-sm"
          placeholder="every 2 weeks on mon and thu"
          value={words}
          aria-invalid={words !== "" && !understood}
          onChange={(event) => setWords(event.target.value)}
        />
        <p aria-live="polite" className="text-xs text-muted">
          {words &&
            (understood
              ? `${recurrenceInWords(understood)} (Enter)`
              : "Try “every 3 days” or “every month on the last day”.")}
        </p>
      </form>
      <label className="flex items-center gap-2 px-1 text-sm">
        <input
          type="checkbox"
          className="size-4 accent-accent"
          checked={value.recurs_from === "completion"}
          onChange={(event) => onChange({ ...value, recurs_from: event.target.checked ? "completion" : "due" })}
        />
        Count from when it is done
      </label>
      {value.recurrence && <Button onClick={() => choose("")}>Does not repeat</Button>}
    </div>
  );
}
