/** What was deleted in the last 30 days, to be restored or deleted for good. */
"use client";

import { useAccount, useSnapshot } from "@/components/app/account";
import { useActions } from "@/components/app/actions";
import { openDialog } from "@/components/app/dialogs";
import { PageHeader } from "@/components/app/page-header";
import { Button, IconButton } from "@/components/ui/button";
import { Empty } from "@/components/ui/empty";
import { momentInWords } from "@/lib/days";
import { trash } from "@/lib/views";

export function TrashPage() {
  const { clock } = useAccount();
  const actions = useActions();
  const todos = trash(useSnapshot());
  const empty = () =>
    openDialog({
      kind: "confirm",
      title: "Empty the trash?",
      text: `${todos.length === 1 ? "One todo is" : `${todos.length} todos are`} then gone for good.`,
      action: "Empty trash",
      run: () => void actions.emptyTrash(),
    });
  return (
    <>
      <PageHeader title="Trash" detail={todos.length ? "Kept for 30 days" : undefined}>
        {todos.length > 0 && (
          <Button kind="danger" onClick={empty}>
            Empty trash
          </Button>
        )}
      </PageHeader>
      <ul aria-label="Trash">
        {todos.map((todo) => (
          <li key={todo.id} className="flex min-h-12 items-center gap-2 rounded-lg pr-1 pl-3 hover:bg-hover">
            <span className="min-w-0 flex-1 truncate">{todo.title}</span>
            <span className="hidden shrink-0 text-xs text-muted sm:inline">
              Deleted {todo.deleted_at && momentInWords(todo.deleted_at, clock.now, clock.timeZone)}
            </span>
            <Button aria-label={`Restore ${todo.title}`} onClick={() => void actions.restore([todo])}>
              Restore
            </Button>
            <IconButton icon="trash" label={`Delete ${todo.title} for good`} onClick={() => void actions.purge(todo)} />
          </li>
        ))}
      </ul>
      {todos.length === 0 && <Empty icon="trash" title="The trash is empty" />}
    </>
  );
}
