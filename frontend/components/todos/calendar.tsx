/** A month of days to choose from, walked with the arrow keys as a grid should be. */
"use client";

import clsx from "clsx";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { IconButton } from "@/components/ui/button";
import { addDays, addMonths, type Day, dayInFull, monthGrid, monthInWords, weekdayOf } from "@/lib/days";

const STEPS: Record<string, (day: Day) => Day> = {
  ArrowLeft: (day) => addDays(day, -1),
  ArrowRight: (day) => addDays(day, 1),
  ArrowUp: (day) => addDays(day, -7),
  ArrowDown: (day) => addDays(day, 7),
  PageUp: (day) => addMonths(day, -1),
  PageDown: (day) => addMonths(day, 1),
  Home: (day) => addDays(day, 1 - weekdayOf(day)),
  End: (day) => addDays(day, 7 - weekdayOf(day)),
};
const WEEKDAYS = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];

type Props = { value: Day | null; today: Day; onChoose: (day: Day) => void };

export function Calendar({ value, today, onChoose }: Props) {
  const [at, setAt] = useState(value ?? today);
  const moved = useRef(false);
  const grid = useRef<HTMLTableElement>(null);
  useEffect(() => {
    if (moved.current) grid.current?.querySelector<HTMLElement>(`[data-day="${at}"]`)?.focus();
    moved.current = false;
  }, [at]);
  const pressed = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    moved.current = true;
    setAt(step(at));
  };
  const days = monthGrid(at);
  return (
    <div>
      <div className="flex items-center">
        <p aria-live="polite" className="flex-1 pl-1.5 text-sm font-semibold">
          {monthInWords(at)}
        </p>
        <IconButton icon="left" iconClass="size-4" label="Month before" onClick={() => setAt(addMonths(at, -1))} />
        <IconButton icon="right" iconClass="size-4" label="Month after" onClick={() => setAt(addMonths(at, 1))} />
      </div>
      <table
        ref={grid}
        role="grid"
        aria-label={monthInWords(at)}
        className="w-full table-fixed text-center text-sm"
        onKeyDown={pressed}
      >
        <thead>
          <tr className="text-xs text-faint">
            {WEEKDAYS.map((name) => (
              <th key={name} scope="col" className="py-1 font-normal">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {[0, 7, 14, 21, 28, 35].map((start) => (
            <tr key={start}>
              {days.slice(start, start + 7).map((day) => (
                <td key={day} role="gridcell" className="p-0" aria-selected={day === value}>
                  <button
                    type="button"
                    data-day={day}
                    tabIndex={day === at ? 0 : -1}
                    aria-label={dayInFull(day)}
                    aria-current={day === today ? "date" : undefined}
                    onClick={() => onChoose(day)}
                    className={clsx(
                      "grid size-8 place-items-center justify-self-center rounded-full tabular-nums",
                      day === value ? "bg-accent font-medium text-on-accent" : "hover:bg-hover",
                      day !== value && day.slice(0, 7) !== at.slice(0, 7) && "text-faint",
                      day !== value && day === today && "font-bold text-accent",
                    )}
                  >
                    {Number(day.slice(8))}
                  </button>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
