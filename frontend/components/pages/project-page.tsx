/** A project, or the Inbox: its todos as a list or a board, and those that are done. */
"use client";

import { useRouter, useSearchParams } from "next/navigation";
import { lazy, Suspense, useMemo, useState } from "react";
import { useAccount, useSnapshot } from "@/components/app/account";
import { useActions } from "@/components/app/actions";
import { openDialog } from "@/components/app/dialogs";
import { PageHeader } from "@/components/app/page-header";
import { Done } from "@/components/todos/done";
import { QuickAdd } from "@/components/todos/quick-add";
import { TodoList } from "@/components/todos/todo-list";
import { Button, IconButton } from "@/components/ui/button";
import { Empty } from "@/components/ui/empty";
import { Menu, type MenuItem } from "@/components/ui/menu";
import type { Project } from "@/lib/model";
import { type BoardBy, inbox, select } from "@/lib/views";

const Board = lazy(() => import("@/components/todos/board"));

export function InboxPage() {
  const home = inbox(useSnapshot());
  return home ? <OneProject project={home} /> : null;
}

export function ProjectPage({ id }: { id: string }) {
  const { replica } = useAccount();
  const project = useSnapshot().projects.get(replica.realId(id));
  return project ? (
    <OneProject project={project} />
  ) : (
    <Empty icon="project" title="There is no such project">
      It may have been deleted.
    </Empty>
  );
}

type Layout = "list" | BoardBy;
const LAYOUTS: [Layout, string][] = [
  ["list", "List"],
  ["priority", "Board by priority"],
  ["label", "Board by label"],
];

function OneProject({ project }: { project: Project }) {
  const { clock } = useAccount();
  const { todos, projects, labels } = useSnapshot();
  const [lingering, linger] = useState<ReadonlySet<string>>(new Set());
  const chosen = useSearchParams().get("view");
  const layout: Layout = chosen === "priority" || chosen === "label" ? chosen : "list";
  const groups = useMemo(
    () => select({ todos, projects, labels }, { kind: "project", id: project.id }, clock, lingering),
    [todos, projects, labels, project.id, clock, lingering],
  );
  const size = groups[0]?.todos.length ?? 0;
  const show = (one: Layout) => history.replaceState(null, "", one === "list" ? location.pathname : `?view=${one}`);
  return (
    <div data-wide={layout === "list" ? undefined : ""}>
      <PageHeader
        title={project.name}
        colour={project.is_inbox ? undefined : project.colour}
        detail={project.archived ? "Archived" : undefined}
      >
        <Menu
          label="Layout"
          items={() =>
            LAYOUTS.map(([one, label]) => ({
              label,
              icon: one === "list" ? "list" : "board",
              checked: one === layout,
              run: () => show(one),
            }))
          }
          trigger={(props) => <IconButton {...props} icon={layout === "list" ? "list" : "board"} label="Layout" />}
        />
        {!project.is_inbox && <ProjectMenu project={project} />}
      </PageHeader>
      <div className="mb-3 max-w-3xl">
        <QuickAdd key={project.id} defaults={{ project: project.id }} />
      </div>
      {layout !== "list" ? (
        <Suspense>
          <Board project={project.id} by={layout} />
        </Suspense>
      ) : (
        <>
          <TodoList key={project.id} label={project.name} groups={groups} ordered linger={linger} />
          {size === 0 && (
            <Empty
              icon={project.is_inbox ? "inbox" : "check"}
              title={project.is_inbox ? "Your Inbox is clear" : "Nothing to do here"}
            >
              {project.is_inbox
                ? "What comes to mind goes here. Sort it later, or leave it."
                : "Add the first todo above, or drag one here from another list."}
            </Empty>
          )}
          <Done view={{ kind: "project", id: project.id }} />
        </>
      )}
    </div>
  );
}

function ProjectMenu({ project }: { project: Project }) {
  const actions = useActions();
  const router = useRouter();
  const remove = () =>
    openDialog({
      kind: "confirm",
      title: `Delete ${project.name}?`,
      text: "Its todos go to the trash, where they stay for 30 days.",
      action: "Delete project",
      run: () => {
        router.push("/inbox");
        void actions.deleteProject(project);
      },
    });
  const items = (): MenuItem[] => [
    { label: "Edit project", icon: "edit", run: () => openDialog({ kind: "project", project }) },
    {
      label: project.archived ? "Bring back" : "Archive",
      icon: "archive",
      run: () => void actions.updateProject(project, { archived: !project.archived }),
    },
    "line",
    { label: "Delete project", icon: "trash", danger: true, run: remove },
  ];
  return (
    <>
      {project.archived && (
        <Button onClick={() => void actions.updateProject(project, { archived: false })}>Bring back</Button>
      )}
      <Menu
        label="Project actions"
        items={items}
        trigger={(props) => <IconButton {...props} icon="more" label="Project actions" />}
      />
    </>
  );
}
