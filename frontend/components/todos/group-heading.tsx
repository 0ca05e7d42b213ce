/** A heading between the todos of a list: a day, or "Overdue". Todos can be dropped on a day. */
"use client";

import { useAccount } from "@/components/app/account";
import { dayIn, dayInFull, dayInWords, isDay } from "@/lib/days";
import type { Group } from "@/lib/views";

export function GroupHeading({ group, top }: { group: Group; top: number }) {
  const { clock } = useAccount();
  const today = dayIn(clock.now, clock.timeZone);
  const day = group.title !== null && isDay(group.title) ? group.title : null;
  const words = day ? dayInWords(day, today) : group.title;
  const near = words === "Today" || words === "Tomorrow";
  return (
    <li className="absolute inset-x-0" style={{ top }} data-drop={group.day ? `day:${group.day}` : undefined}>
      <h2 className="flex items-baseline gap-2 border-b border-line px-3 pt-5 pb-1.5 text-sm">
        <span className={group.id === "overdue" ? "font-semibold text-danger" : "font-semibold"}>
          {day && !near ? dayInFull(day) : words}
        </span>
        {day && near && <span className="text-muted">{dayInFull(day)}</span>}
        <span className="ml-auto text-xs text-faint">{group.todos.length || ""}</span>
      </h2>
    </li>
  );
}
