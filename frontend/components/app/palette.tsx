/** The command palette: every page, project, label and command, and todos by title, under one field. */
"use client";

import { useRouter } from "next/navigation";
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { Icon, type IconName } from "@/components/ui/icon";
import { Modal } from "@/components/ui/modal";
import { say } from "@/components/ui/toast";
import { api } from "@/lib/api";
import { inbox, isOpen, labelsInOrder, projectsInOrder } from "@/lib/views";
import { useAccount, useSnapshot } from "./account";
import { closeDialog, openDialog } from "./dialogs";
import { openDetails } from "./navigation";
import { applyTheme } from "./theme";

type Command = { id: string; name: string; kind: string; icon: IconName; run: () => void };

const MOST = 12;

export default function Palette() {
  const [text, setText] = useState("");
  const [active, setActive] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const commands = useCommands();
  const found = useMemo(() => rank(commands, text).slice(0, MOST), [commands, text]);
  const chosen = found[Math.min(active, found.length - 1)];

  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  });

  function run(command: Command | undefined): void {
    if (!command) return;
    closeDialog();
    command.run();
  }

  function pressed(event: KeyboardEvent): void {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step) {
      event.preventDefault();
      setActive((Math.min(active, found.length - 1) + step + found.length) % Math.max(found.length, 1));
    }
    if (event.key === "Enter") {
      event.preventDefault();
      run(chosen);
    }
  }

  return (
    <Modal title="Command palette" onClose={closeDialog} bare className="max-w-xl">
      <div className="flex items-center gap-3 border-b border-line px-4">
        <Icon name="search" className="size-5 text-faint" />
        <input
          autoFocus
          role="combobox"
          aria-expanded
          aria-controls={`${id}-list`}
          aria-activedescendant={chosen ? `${id}-${chosen.id}` : undefined}
          aria-label="Search commands and todos"
          placeholder="Go to, do, or find…"
          className="min-w-0 flex-1 bg-transparent py-3.5 text-lg outline-none"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setActive(0);
          }}
          onKeyDown={pressed}
        />
      </div>
      <div ref={list} role="listbox" id={`${id}-list`} aria-label="Commands" className="overflow-y-auto p-2">
        {found.map((command) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled by the field that keeps the focus
          <div
            key={command.id}
            id={`${id}-${command.id}`}
            role="option"
            aria-selected={command === chosen}
            className="menu-item py-2"
            onClick={() => run(command)}
          >
            <Icon name={command.icon} className="size-4 text-muted" />
            <span className="min-w-0 flex-1 truncate">{command.name}</span>
            <span className="text-xs text-faint">{command.kind}</span>
          </div>
        ))}
      </div>
      {found.length === 0 && <p className="px-4 pb-5 text-center text-sm text-muted">Nothing is called that.</p>}
    </Modal>
  );
}

/** Names that start with the text, then those with a word that does, then those that contain it. */
function rank(commands: Command[], text: string): Command[] {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return commands.filter((command) => command.kind !== "Todo");
  const score = ({ name }: Command) => {
    const said = name.toLowerCase();
    if (said.startsWith(wanted)) return 0;
    if (said.includes(` ${wanted}`)) return 1;
    return said.includes(wanted) ? 2 : 3;
  };
  return commands
    .map((command) => ({ command, score: score(command) }))
    .filter((one) => one.score < 3)
    .sort((a, b) => a.score - b.score)
    .map((one) => one.command);
}

function useCommands(): Command[] {
  const router = useRouter();
  const { leave } = useAccount();
  const snapshot = useSnapshot();
  return useMemo(() => {
    const go = (name: string, icon: IconName, path: string, kind = "Go to"): Command => ({
      id: path.replaceAll("/", "-"),
      name,
      kind,
      icon,
      run: () => router.push(path),
    });
    const act = (name: string, icon: IconName, run: () => void): Command => ({
      id: name.replaceAll(" ", "-"),
      name,
      kind: "Command",
      icon,
      run,
    });
    const home = inbox(snapshot);
    return [
      act("Add a todo", "plus", () => openDialog({ kind: "add" })),
      go("Inbox", "inbox", "/inbox"),
      go("Today", "today", "/today"),
      go("Upcoming", "upcoming", "/upcoming"),
      go("Search", "search", "/search"),
      go("Notifications", "bell", "/notifications"),
      go("Activity", "activity", "/activity"),
      go("Trash", "trash", "/trash"),
      go("Settings", "settings", "/settings"),
      act("New project", "project", () => openDialog({ kind: "project" })),
      act("New label", "label", () => openDialog({ kind: "label" })),
      act("Keyboard shortcuts", "keyboard", () => openDialog({ kind: "keys" })),
      act("Use light theme", "settings", () => applyTheme("light")),
      act("Use dark theme", "settings", () => applyTheme("dark")),
      act("Use the system's theme", "settings", () => applyTheme("system")),
      act(
        "Sign out",
        "user",
        () => void leave(api.signOut, "/signin").catch((error: Error) => say(error.message, { tone: "problem" })),
      ),
      ...projectsInOrder(snapshot).map((project) => go(project.name, "project", `/projects/${project.id}`, "Project")),
      ...labelsInOrder(snapshot).map((label) => go(label.name, "label", `/labels/${label.id}`, "Label")),
      ...[...snapshot.todos.values()].filter(isOpen).map((todo) => ({
        id: todo.id,
        name: todo.title,
        kind: "Todo",
        icon: "check" as const,
        run: () => {
          const place = todo.project === home?.id ? "/inbox" : `/projects/${todo.project}`;
          if (location.pathname === place) openDetails(todo.id);
          else router.push(`${place}?todo=${todo.id}`);
        },
      })),
    ];
  }, [router, leave, snapshot]);
}
