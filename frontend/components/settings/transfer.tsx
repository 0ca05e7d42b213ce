/** Bringing todos in from a file, after a look at what it holds, and taking all of them out. */
"use client";

import { useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { say } from "@/components/ui/toast";
import { api, type Format } from "@/lib/api";
import type { ImportReport } from "@/lib/model";
import { ApiProblem } from "@/lib/problem";

const FORMATS: { format: Format; name: string; ending: string }[] = [
  { format: "json", name: "JSON", ending: ".json" },
  { format: "csv", name: "CSV", ending: ".csv" },
  { format: "todotxt", name: "todo.txt", ending: ".txt" },
  { format: "ical", name: "iCalendar", ending: ".ics" },
];

const formatOf = (name: string) => FORMATS.find(({ ending }) => name.toLowerCase().endsWith(ending))?.format;
const endings = FORMATS.map(({ ending }) => ending);
const names = FORMATS.map(({ name }) => name);

/** `key` makes pressing Import twice one import. */
type Chosen = { file: File; format: Format; report: ImportReport; key: string };

export default function Transfer() {
  const input = useRef<HTMLInputElement>(null);
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  async function run<T>(work: () => Promise<T>): Promise<T | null> {
    setBusy(true);
    setProblem(null);
    try {
      return await work();
    } catch (error) {
      setProblem(error instanceof ApiProblem ? error.sentence : "The server cannot be reached. Try again in a moment.");
      return null;
    } finally {
      setBusy(false);
    }
  }

  async function preview(file: File | undefined): Promise<void> {
    setChosen(null);
    if (!file) return;
    const format = formatOf(file.name);
    if (!format) return setProblem(`Choose a file that ends in ${endings.join(", ")}.`);
    const key = crypto.randomUUID();
    const report = await run(() => api.importTodos(file, format, "preview", key));
    if (report) setChosen({ file, format, report, key });
  }

  async function bringIn({ file, format, key }: Chosen, mode: "all" | "valid"): Promise<void> {
    const report = await run(() => api.importTodos(file, format, mode, `${key}-${mode}`));
    if (!report) return;
    setChosen(null);
    if (input.current) input.current.value = "";
    say(`Imported ${report.todos} ${report.todos === 1 ? "todo" : "todos"}.`);
  }

  return (
    <div className="flex flex-col gap-5 text-sm">
      <div>
        <label className="flex max-w-md flex-col gap-1 font-medium">
          Import a file
          <input
            ref={input}
            type="file"
            accept={endings.join(",")}
            className="field font-normal file:mr-3 file:rounded-sm file:border-0 file:bg-hover file:px-2 file:py-1 file:text-ink"
            onChange={(event) => void preview(event.target.files?.[0])}
          />
        </label>
        <p className="mt-1 text-muted">{names.join(", ")}. You see what is in it before anything is changed.</p>
        {problem && (
          <p role="alert" className="mt-2 text-danger">
            {problem}
          </p>
        )}
        {busy && (
          <p role="status" className="mt-2 text-muted">
            Working…
          </p>
        )}
        {chosen && <Preview chosen={chosen} busy={busy} onImport={(mode) => void bringIn(chosen, mode)} />}
      </div>
      <div>
        <p className="mb-1.5 font-medium">Export everything</p>
        <ul className="flex flex-wrap gap-2">
          {FORMATS.map(({ format, name }) => (
            <li key={format}>
              <a
                href={api.exportUrl(format)}
                download
                className="inline-flex min-h-9 items-center rounded-md border border-line px-3.5 hover:bg-hover"
              >
                {name}
              </a>
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

type PreviewProps = { chosen: Chosen; busy: boolean; onImport: (mode: "all" | "valid") => void };

function Preview({ chosen, busy, onImport }: PreviewProps) {
  const { report } = chosen;
  const some = (count: number, one: string) => `${count} ${count === 1 ? one : `${one}s`}`;
  const sample = report.sample.flatMap((todo) => (typeof todo.title === "string" ? [todo.title] : []));
  return (
    <section aria-label="Preview" className="mt-3 rounded-lg border border-line p-4">
      <p className="font-medium">
        {[
          some(report.todos, "todo"),
          ...(report.projects ? [some(report.projects, "new project")] : []),
          ...(report.labels ? [some(report.labels, "new label")] : []),
        ].join(", ")}
      </p>
      <ul className="mt-2 max-h-56 overflow-y-auto">
        {sample.map((title, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the lines of a file have no other name and never move
          <li key={index} className="truncate border-t border-line py-1">
            {title}
          </li>
        ))}
      </ul>
      {report.todos > sample.length && <p className="py-1 text-muted">And {report.todos - sample.length} more.</p>}
      {report.lines.length > 0 && (
        <ul aria-label="Lines at fault" className="mt-2 max-h-40 overflow-y-auto text-danger">
          {report.lines.map((one) => (
            <li key={`${one.line} ${one.message}`}>
              Line {one.line}: {one.message}
              {one.skipped && " It is left out."}
            </li>
          ))}
        </ul>
      )}
      <Button
        kind="primary"
        className="mt-3"
        disabled={busy || report.todos === 0}
        onClick={() => onImport(report.skipped > 0 ? "valid" : "all")}
      >
        Import {some(report.todos, "todo")}
      </Button>
    </section>
  );
}
