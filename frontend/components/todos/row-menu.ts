/** What the menu of one todo offers: everything that dragging and keys do, for those who use neither. */
import type { Actions } from "@/components/app/actions";
import { openDetails } from "@/components/app/navigation";
import type { MenuItem } from "@/components/ui/menu";
import { addDays, dayIn, weekdayOf } from "@/lib/days";
import { PRIORITIES, type Todo } from "@/lib/model";

type Local = { edit: () => void; select: () => void; moveBy?: (by: -1 | 1) => void };

export function menuFor(todo: Todo, actions: Actions, { edit, select, moveBy }: Local): MenuItem[] {
  const today = dayIn(new Date(), Intl.DateTimeFormat().resolvedOptions().timeZone);
  const due = (day: string | null) => () => void actions.update([todo], { due_on: day, due_at: null });
  return [
    { label: "Open details", icon: "notes", hint: "Enter", run: () => openDetails(todo.id) },
    { label: "Edit title", icon: "edit", hint: "E", run: edit },
    { label: "Select", icon: "check", hint: "X", run: select },
    ...(moveBy
      ? ([
          { label: "Move up", icon: "drag", hint: "Alt ↑", run: () => moveBy(-1) },
          { label: "Move down", icon: "drag", hint: "Alt ↓", run: () => moveBy(1) },
        ] satisfies MenuItem[])
      : []),
    { heading: "Due" },
    { label: "Today", icon: "today", hint: "T", run: due(today) },
    { label: "Tomorrow", icon: "upcoming", run: due(addDays(today, 1)) },
    { label: "Next week", icon: "upcoming", run: due(addDays(today, 8 - weekdayOf(today))) },
    ...(todo.due_on || todo.due_at ? [{ label: "No date", icon: "close" as const, run: due(null) }] : []),
    { heading: "Priority" },
    ...PRIORITIES.map(
      ({ value, name }): MenuItem => ({
        label: name,
        icon: "flag",
        hint: String(value),
        checked: todo.priority === value,
        run: () => void actions.update([todo], { priority: value }),
      }),
    ),
    "line",
    { label: "Delete", icon: "trash", hint: "Del", danger: true, run: () => actions.remove([todo]) },
  ];
}
