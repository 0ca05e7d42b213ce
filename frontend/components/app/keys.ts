/** Every key of the app, in one list: the sheet shows it, the handlers read it. */

export const KEYS = [
  {
    heading: "Anywhere",
    keys: [
      { keys: "Q", does: "Add a todo" },
      { keys: "Ctrl K", does: "Open the command palette" },
      { keys: "/", does: "Search" },
      { keys: "?", does: "Show these keys" },
      { keys: "Z", does: "Undo the last action" },
      { keys: "G I", does: "Go to Inbox" },
      { keys: "G T", does: "Go to Today" },
      { keys: "G U", does: "Go to Upcoming" },
      { keys: "G N", does: "Go to Notifications" },
      { keys: "G A", does: "Go to Activity" },
      { keys: "G S", does: "Go to Settings" },
      { keys: "Esc", does: "Close what is open, or end the selection" },
    ],
  },
  {
    heading: "In a list",
    keys: [
      { keys: "↑ ↓", does: "Go through the todos (also J and K)" },
      { keys: "Enter", does: "Open the details" },
      { keys: "E", does: "Edit the title in place" },
      { keys: "Space", does: "Complete, or reopen" },
      { keys: "X", does: "Select for bulk actions" },
      { keys: "Shift ↑ ↓", does: "Extend the selection" },
      { keys: "Ctrl A", does: "Select all" },
      { keys: "Alt ↑ ↓", does: "Move up or down" },
      { keys: "1 2 3 4 0", does: "Set the priority, or none" },
      { keys: "T", does: "Due today" },
      { keys: "Delete", does: "Delete" },
    ],
  },
] as const;

/** Whether a key press belongs to a field or a control, and not to the app. */
export function isTyping(event: KeyboardEvent | React.KeyboardEvent): boolean {
  const target = event.target as HTMLElement;
  return (
    target.closest("input:not([type=checkbox]), textarea, select, [contenteditable], [role=menu], dialog") !== null
  );
}
