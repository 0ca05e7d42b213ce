/** The way around: pages, projects and labels, with how much is open in each. A drawer on small screens. */
"use client";

import clsx from "clsx";
import Link from "next/link";
import { usePathname } from "next/navigation";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { IconButton } from "@/components/ui/button";
import { Icon, type IconName } from "@/components/ui/icon";
import { inbox, labelsInOrder, projectsInOrder } from "@/lib/views";
import { useAccount, useCounts, useSnapshot } from "./account";
import { openDialog } from "./dialogs";
import { useUnread } from "./unread";

export function Sidebar() {
  return (
    <div className="flex h-full w-64 flex-col overflow-y-auto p-3">
      <Navigation />
    </div>
  );
}

/** The top bar of small screens, whose menu button opens the same navigation. */
export function Drawer() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [open, setOpen] = useState(false);
  const path = usePathname();
  // biome-ignore lint/correctness/useExhaustiveDependencies: going to another page closes the drawer
  useEffect(() => dialog.current?.close(), [path]);
  const show = () => {
    setOpen(true);
    dialog.current?.showModal();
  };
  return (
    <div className="flex h-14 items-center gap-1 border-b border-line bg-side px-2">
      <IconButton icon="menu" label="Open navigation" className="size-11" onClick={show} />
      <span className="flex-1 font-semibold">Todo</span>
      <IconButton
        icon="search"
        label="Find or do"
        className="size-11"
        onClick={() => openDialog({ kind: "palette" })}
      />
      <IconButton
        icon="plus"
        label="Add a todo"
        className="size-11 text-accent"
        onClick={() => openDialog({ kind: "add" })}
      />
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: Escape does for the keyboard what a click beside the drawer does */}
      <dialog
        ref={dialog}
        aria-label="Navigation"
        onClose={() => setOpen(false)}
        onClick={(event) => event.target === event.currentTarget && dialog.current?.close()}
        className="modal m-0 h-dvh max-h-none w-72 max-w-[85vw] overflow-y-auto border-r border-line bg-side p-3 text-ink shadow-lift"
      >
        {open && <Navigation />}
      </dialog>
    </div>
  );
}

function Navigation() {
  const { user } = useAccount();
  const snapshot = useSnapshot();
  const counts = useCounts();
  const unread = useUnread();
  const home = inbox(snapshot);
  const projects = projectsInOrder(snapshot);
  const active = projects.filter((project) => !project.archived);
  const archived = projects.filter((project) => project.archived);
  return (
    <nav aria-label="Main" className="flex flex-1 flex-col gap-5 text-sm">
      <div className="flex flex-col gap-2">
        <p className="truncate px-2 pt-1 text-muted" title={user.email}>
          {user.email}
        </p>
        <div className="flex gap-1.5">
          <button
            type="button"
            className="flex min-h-9 flex-1 items-center gap-2 rounded-md bg-accent px-3 font-medium text-on-accent hover:bg-accent-strong"
            onClick={() => openDialog({ kind: "add" })}
          >
            <Icon name="plus" className="size-4" />
            Add a todo
          </button>
          <IconButton
            icon="search"
            label="Find or do (Ctrl K)"
            className="size-9 border border-line bg-raised"
            onClick={() => openDialog({ kind: "palette" })}
          />
        </div>
      </div>
      <ul className="flex flex-col gap-px">
        <Entry
          href="/inbox"
          icon="inbox"
          count={home && counts.projects.get(home.id)}
          drop={home && `project:${home.id}`}
        >
          Inbox
        </Entry>
        <Entry href="/today" icon="today" count={counts.today} alarm={counts.overdue > 0}>
          Today
        </Entry>
        <Entry href="/upcoming" icon="upcoming">
          Upcoming
        </Entry>
        <Entry href="/search" icon="search">
          Search
        </Entry>
        <Entry href="/notifications" icon="bell" count={unread} alarm={unread > 0}>
          Notifications
        </Entry>
      </ul>
      <Section title="Projects" onAdd={() => openDialog({ kind: "project" })} addLabel="New project">
        {active.map((project) => (
          <Entry
            key={project.id}
            href={`/projects/${project.id}`}
            colour={project.colour}
            count={counts.projects.get(project.id)}
            drop={`project:${project.id}`}
          >
            {project.name}
          </Entry>
        ))}
        {archived.length > 0 && (
          <li>
            <details>
              <summary className="rounded-md px-2 py-1.5 text-muted hover:bg-hover">
                Archived ({archived.length})
              </summary>
              <ul>
                {archived.map((project) => (
                  <Entry key={project.id} href={`/projects/${project.id}`} colour={project.colour}>
                    {project.name}
                  </Entry>
                ))}
              </ul>
            </details>
          </li>
        )}
      </Section>
      <Section title="Labels" onAdd={() => openDialog({ kind: "label" })} addLabel="New label">
        {labelsInOrder(snapshot).map((label) => (
          <Entry
            key={label.id}
            href={`/labels/${label.id}`}
            colour={label.colour}
            round
            count={counts.labels.get(label.id)}
            drop={`label:${label.id}`}
          >
            {label.name}
          </Entry>
        ))}
      </Section>
      <ul className="mt-auto flex flex-col gap-px">
        <Entry href="/activity" icon="activity">
          Activity
        </Entry>
        <Entry href="/trash" icon="trash">
          Trash
        </Entry>
        <Entry href="/settings" icon="settings">
          Settings
        </Entry>
        <li>
          <button
            type="button"
            className="flex w-full items-center gap-2.5 rounded-md px-2 py-1.5 hover:bg-hover"
            onClick={() => openDialog({ kind: "keys" })}
          >
            <Icon name="keyboard" className="size-4.5 text-muted" />
            Keyboard
            <kbd className="ml-auto font-sans text-xs text-faint">?</kbd>
          </button>
        </li>
      </ul>
    </nav>
  );
}

function Section({
  title,
  onAdd,
  addLabel,
  children,
}: {
  title: string;
  onAdd: () => void;
  addLabel: string;
  children: ReactNode;
}) {
  return (
    <section aria-label={title}>
      <div className="flex items-center">
        <h2 className="flex-1 px-2 text-xs font-semibold text-muted">{title}</h2>
        <IconButton icon="plus" iconClass="size-4" label={addLabel} className="size-7" onClick={onAdd} />
      </div>
      <ul className="flex flex-col gap-px">{children}</ul>
    </section>
  );
}

type EntryProps = {
  href: string;
  children: ReactNode;
  icon?: IconName;
  colour?: string;
  round?: boolean;
  count?: number;
  alarm?: boolean;
  drop?: string;
};

function Entry({ href, children, icon, colour, round = false, count = 0, alarm = false, drop }: EntryProps) {
  const here = usePathname() === href;
  return (
    <li data-drop={drop} className="rounded-md">
      <Link
        href={href}
        prefetch={false}
        aria-current={here ? "page" : undefined}
        className={clsx(
          "flex items-center gap-2.5 rounded-md px-2 py-1.5",
          here ? "bg-picked font-medium" : "hover:bg-hover",
        )}
      >
        {icon && <Icon name={icon} className={clsx("size-4.5", here ? "text-accent" : "text-muted")} />}
        {colour && (
          <span className="grid size-4.5 shrink-0 place-items-center">
            <span className={clsx("size-2.5", round ? "rounded-full" : "rounded-sm")} style={{ background: colour }} />
          </span>
        )}
        <span className="min-w-0 flex-1 truncate">{children}</span>
        {count > 0 && (
          <span className={clsx("text-xs tabular-nums", alarm ? "font-medium text-danger" : "text-muted")}>
            {count}
          </span>
        )}
      </Link>
    </li>
  );
}
