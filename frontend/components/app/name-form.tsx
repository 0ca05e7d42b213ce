/** The form for a new or known project or label: a name and a colour. */
"use client";

import { useRouter } from "next/navigation";
import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/button";
import { Modal } from "@/components/ui/modal";
import { draftLabel, draftProject } from "@/lib/drafts";
import { COLOURS, type Label, type Project } from "@/lib/model";
import { useAccount } from "./account";
import { useActions } from "./actions";
import { closeDialog } from "./dialogs";

const COLOUR_NAMES = ["Slate", "Red", "Orange", "Yellow", "Green", "Teal", "Blue", "Violet", "Pink"];

type Props = { on: "project"; known?: Project } | { on: "label"; known?: Label };

export default function NameForm({ on, known }: Props) {
  const actions = useActions();
  const { replica } = useAccount();
  const router = useRouter();
  const [name, setName] = useState(known?.name ?? "");
  const [colour, setColour] = useState(known?.colour ?? COLOURS[5] ?? "");
  const colours = COLOURS.includes(colour) ? COLOURS : [...COLOURS, colour];

  async function make(): Promise<void> {
    const made = on === "project" ? draftProject(name.trim(), colour) : draftLabel(name.trim(), colour);
    const saved =
      on === "project" ? await actions.createProject(made as Project) : await actions.createLabel(made as Label);
    if (saved) router.push(`/${on}s/${replica.realId(made.id)}`);
  }

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (!name.trim()) return;
    closeDialog();
    const patch = { name: name.trim(), colour };
    if (!known) void make();
    else if (on === "project") void actions.updateProject(known as Project, patch);
    else void actions.updateLabel(known as Label, patch);
  }

  return (
    <Modal title={known ? `Edit ${on}` : `New ${on}`} onClose={closeDialog}>
      <form onSubmit={submit} className="flex flex-col gap-4 overflow-y-auto p-5 pt-1">
        <label className="flex flex-col gap-1 text-sm">
          Name
          <input
            className="field text-base"
            autoFocus
            required
            maxLength={on === "project" ? 120 : 60}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <fieldset>
          <legend className="mb-1.5 text-sm">Colour</legend>
          <div className="flex flex-wrap gap-2">
            {colours.map((one, index) => (
              <label key={one} className="relative grid size-8 place-items-center">
                <input
                  type="radio"
                  name="colour"
                  value={one}
                  checked={one === colour}
                  onChange={() => setColour(one)}
                  aria-label={COLOUR_NAMES[index] ?? "Its own"}
                  className="peer absolute inset-0 appearance-none rounded-full checked:border-2 checked:border-ink"
                />
                <span className="size-5 rounded-full" style={{ background: one }} />
              </label>
            ))}
          </div>
        </fieldset>
        <div className="flex justify-end gap-2">
          <Button onClick={closeDialog}>Cancel</Button>
          <Button kind="primary" type="submit">
            {known ? "Save" : `Create ${on}`}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
