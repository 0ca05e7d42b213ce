/** Bringing todos in from a file, after a look at what it holds, and taking all of them out. */
"use client";

import { useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { say } from "@/components/ui/toast";
import { api, type Format, type ImportReport } from "@/lib/api";
import { ApiProblem } from "@/lib/problem";

const FORMATS: { format: Format; name: string; endings: string[]; type: string }[] = [
  { format: "json", name: "JSON", endings: [".json"], type: "application/json" },
  { format: "csv", name: "CSV", endings: [".csv"], type: "text/csv" },
  { format: "todotxt", name: "todo.txt", endings: [".txt"], type: "text/plain" },
  { format: "ical", name: "iCalendar", endings: [".ics"], type: "text/calendar" },
];

const formatOf = (name: string) =>
  FORMATS.find(({ endings }) => endings.some((ending) => name.toLowerCase().endsWith(ending)));

type Chosen = { file: File; format: Format; report: ImportReport };

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
    const known = formatOf(file.name);
    if (!known) return setProblem("Choose a .json, .csv, .txt (todo.txt) or .ics file.");
    const report = await run(() => api.importTodos(new Blob([file], { type: known.type }), known.format, "preview"));
    if (report) setChosen({ file, format: known.format, report });
  }

  async function bringIn({ file, format }: Chosen, mode: "all" | "valid"): Promise<void> {
    const type = FORMATS.find((one) => one.format === format)?.type;
    const report = await run(() => api.importTodos(new Blob([file], { type }), format, mode));
    if (!report) return;
    setChosen(null);
    if (input.current) input.current.value = "";
    say(`Imported ${report.created} ${report.created === 1 ? "todo" : "todos"}.`);
  }

  return (
    <div className="flex flex-col gap-5 text-sm">
      <div>
        <label className="flex max-w-md flex-col gap-1 font-medium">
          Import a file
          <input
            ref={input}
            type="file"
            accept=".json,.csv,.txt,.ics"
            className="field font-normal file:mr-3 file:rounded-sm file:border-0 file:bg-hover file:px-2 file:py-1 file:text-ink"
            onChange={(event) => void preview(event.target.files?.[0])}
          />
        </label>
        <p className="mt-1 text-muted">
          JSON, CSV, todo.txt or iCalendar. You see what is in it before anything is changed.
        </p>
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

function Preview({
  chosen,
  busy,
  onImport,
}: {
  chosen: Chosen;
  busy: boolean;
  onImport: (mode: "all" | "valid") => void;
}) {
  const { report } = chosen;
  return (
    <section aria-label="Preview" className="mt-3 rounded-lg border border-line p-4">
      <p className="font-medium">
        {report.valid} of {report.total} can be imported
      </p>
      <ul className="mt-2 max-h-56 overflow-y-auto">
        {report.preview.map((row) => (
          <li key={row.row} className="flex gap-3 border-t border-line py-1">
            <span className="w-8 text-faint tabular-nums">{row.row}</span>
            <span className="min-w-0 flex-1 truncate">{row.title}</span>
            <span className="text-muted">{row.project}</span>
          </li>
        ))}
      </ul>
      {report.errors.length > 0 && (
        <ul className="mt-2 max-h-40 overflow-y-auto text-danger">
          {report.errors.map((error) => (
            <li key={`${error.row} ${error.field} ${error.detail}`}>
              Row {error.row}: {error.detail}
            </li>
          ))}
        </ul>
      )}
      <div className="mt-3 flex gap-2">
        {report.invalid === 0 ? (
          <Button kind="primary" disabled={busy || report.valid === 0} onClick={() => onImport("all")}>
            Import {report.valid}
          </Button>
        ) : (
          <Button kind="primary" disabled={busy || report.valid === 0} onClick={() => onImport("valid")}>
            Import the {report.valid} without errors
          </Button>
        )}
      </div>
    </section>
  );
}
