/** Shows the open modal window; each kind is loaded when it is first wanted. */
"use client";

import { lazy, Suspense } from "react";
import { Button } from "@/components/ui/button";
import { Modal } from "@/components/ui/modal";
import { closeDialog, type Dialog, useDialog } from "./dialogs";

const Palette = lazy(() => import("./palette"));
const KeysSheet = lazy(() => import("./keys-sheet"));
const ConflictDialog = lazy(() => import("./conflict-dialog"));
const NameForm = lazy(() => import("./name-form"));
const AddDialog = lazy(() => import("./add-dialog"));

export function DialogHost() {
  const dialog = useDialog();
  return <Suspense>{dialog && <Shown dialog={dialog} />}</Suspense>;
}

function Shown({ dialog }: { dialog: Dialog }) {
  switch (dialog.kind) {
    case "palette":
      return <Palette />;
    case "keys":
      return <KeysSheet />;
    case "add":
      return <AddDialog text={dialog.text} />;
    case "conflict":
      return <ConflictDialog conflict={dialog.conflict} />;
    case "project":
      return <NameForm on="project" known={dialog.project} />;
    case "label":
      return <NameForm on="label" known={dialog.label} />;
    case "confirm":
      return <Confirm {...dialog} />;
  }
}

function Confirm({ title, text, action, run }: Extract<Dialog, { kind: "confirm" }>) {
  return (
    <Modal title={title} onClose={closeDialog}>
      <p className="px-5 text-sm text-muted">{text}</p>
      <div className="flex justify-end gap-2 p-5">
        <Button onClick={closeDialog}>Cancel</Button>
        <Button
          kind="danger"
          onClick={() => {
            closeDialog();
            run();
          }}
        >
          {action}
        </Button>
      </div>
    </Modal>
  );
}
