/** All open todos with a label. */
"use client";

import { useRouter } from "next/navigation";
import { useMemo, useState } from "react";
import { useAccount, useSnapshot } from "@/components/app/account";
import { useActions } from "@/components/app/actions";
import { openDialog } from "@/components/app/dialogs";
import { PageHeader } from "@/components/app/page-header";
import { Done } from "@/components/todos/done";
import { QuickAdd } from "@/components/todos/quick-add";
import { TodoList } from "@/components/todos/todo-list";
import { IconButton } from "@/components/ui/button";
import { Empty } from "@/components/ui/empty";
import { Menu } from "@/components/ui/menu";
import { inbox, select } from "@/lib/views";

export function LabelPage({ id: given }: { id: string }) {
  const { clock, replica } = useAccount();
  const id = replica.realId(given);
  const actions = useActions();
  const router = useRouter();
  const snapshot = useSnapshot();
  const { todos, projects, labels } = snapshot;
  const [lingering, linger] = useState<ReadonlySet<string>>(new Set());
  const groups = useMemo(
    () => select({ todos, projects, labels }, { kind: "label", id }, clock, lingering),
    [todos, projects, labels, id, clock, lingering],
  );
  const label = labels.get(id);
  const home = inbox(snapshot);
  if (!label || !home)
    return (
      <Empty icon="label" title="There is no such label">
        It may have been deleted.
      </Empty>
    );
  const remove = () =>
    openDialog({
      kind: "confirm",
      title: `Delete ${label.name}?`,
      text: "It is taken off all todos; the todos stay.",
      action: "Delete label",
      run: () => {
        router.push("/inbox");
        void actions.deleteLabel(label);
      },
    });
  return (
    <>
      <PageHeader title={label.name} colour={label.colour}>
        <Menu
          label="Label actions"
          items={() => [
            { label: "Edit label", icon: "edit", run: () => openDialog({ kind: "label", label }) },
            { label: "Delete label", icon: "trash", danger: true, run: remove },
          ]}
          trigger={(props) => <IconButton {...props} icon="more" label="Label actions" />}
        />
      </PageHeader>
      <div className="mb-3">
        <QuickAdd defaults={{ project: home.id, labels: [id] }} />
      </div>
      <TodoList label={label.name} groups={groups} showProject linger={linger} />
      {groups[0]?.todos.length === 0 && (
        <Empty icon="label" title="Nothing has this label">
          Type @{label.name} while adding a todo, or drag one onto the label.
        </Empty>
      )}
      <Done view={{ kind: "label", id }} />
    </>
  );
}
