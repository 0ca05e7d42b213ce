/** The keys that work everywhere in the app. */
"use client";

import { useRouter } from "next/navigation";
import { useEffect } from "react";
import { runNewestAction } from "@/components/ui/toast";
import { dialogIsOpen, openDialog } from "./dialogs";
import { isTyping } from "./keys";

const GO: Record<string, string> = {
  i: "/inbox",
  t: "/today",
  u: "/upcoming",
  n: "/notifications",
  a: "/activity",
  s: "/settings",
};
const SEQUENCE_WITHIN = 1_200;

export function Shortcuts() {
  const router = useRouter();
  useEffect(() => {
    let wentAt = 0;
    const pressed = (event: KeyboardEvent) => {
      const key = event.key.toLowerCase();
      if ((event.metaKey || event.ctrlKey) && key === "k") {
        event.preventDefault();
        openDialog({ kind: "palette" });
        return;
      }
      if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented || dialogIsOpen() || isTyping(event))
        return;
      const target = Date.now() - wentAt < SEQUENCE_WITHIN ? GO[key] : undefined;
      wentAt = key === "g" ? Date.now() : 0;
      const run: Record<string, () => void> = {
        q: () => openDialog({ kind: "add" }),
        "/": () => router.push("/search"),
        "?": () => openDialog({ kind: "keys" }),
        z: () => void runNewestAction(),
      };
      const action = target ? () => router.push(target) : run[key];
      if (!action) return;
      event.preventDefault();
      action();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [router]);
  return null;
}
