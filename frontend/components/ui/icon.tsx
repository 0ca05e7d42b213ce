/** The app's own icons: 20 by 20, one stroke, drawn with the colour of the text around them. */

const PATHS = {
  inbox:
    "M3 11.5 5.2 4.6A1.5 1.5 0 0 1 6.6 3.5h6.8a1.5 1.5 0 0 1 1.4 1.1L17 11.5V15a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 3 15v-3.5Zm0 0h3.8l1.2 2h4l1.2-2H17",
  today:
    "M4.5 4.5h11A1.5 1.5 0 0 1 17 6v9a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 3 15V6a1.5 1.5 0 0 1 1.5-1.5ZM3 8h14M6.5 2.5v3m7-3v3M10 10.5v3.5m-1.8-1.7 1.8 1.7 1.8-1.7",
  upcoming:
    "M4.5 4.5h11A1.5 1.5 0 0 1 17 6v9a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 3 15V6a1.5 1.5 0 0 1 1.5-1.5ZM3 8h14M6.5 2.5v3m7-3v3M6.5 11h1m2 0h1m2 0h1m-7 2.7h1m2 0h1",
  search: "M9 15A6 6 0 1 0 9 3a6 6 0 0 0 0 12Zm4.4-1.6L17 17",
  trash:
    "M3.5 5.5h13M8 5.5v-2h4v2m-7 0 .6 10a1.5 1.5 0 0 0 1.5 1.4h5.8a1.5 1.5 0 0 0 1.5-1.4l.6-10M8.5 9v4.5m3-4.5v4.5",
  activity: "M2.5 10.5h3l2.5-7 4 13 2.5-7h3",
  bell: "M5 8.5a5 5 0 0 1 10 0c0 4 1.5 5 1.5 5h-13s1.5-1 1.5-5ZM8.3 16.2a1.8 1.8 0 0 0 3.4 0",
  settings:
    "M3 6h6m4 0h4M3 14h2m4 0h8M11 8.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4ZM7 16.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4Z",
  plus: "M10 4v12M4 10h12",
  close: "m5 5 10 10M15 5 5 15",
  check: "m4 10.5 4 4 8-9",
  more: "M4.5 10h.01M10 10h.01M15.5 10h.01",
  menu: "M3 5.5h14M3 10h14M3 14.5h14",
  flag: "M4.5 17V3.5s1-.8 3-.8 3 1.6 5 1.6 3-.8 3-.8v8s-1 .8-3 .8-3-1.6-5-1.6-3 .8-3 .8",
  label:
    "M3 9.6V4.5A1.5 1.5 0 0 1 4.5 3h5.1a1.5 1.5 0 0 1 1 .4l6 6a1.5 1.5 0 0 1 0 2.1l-5 5a1.5 1.5 0 0 1-2.2 0l-6-6a1.5 1.5 0 0 1-.4-.9ZM6.8 6.8h.01",
  repeat:
    "M4 9V8a2.5 2.5 0 0 1 2.5-2.5H16m0 0L13.5 3M16 5.5 13.5 8M16 11v1a2.5 2.5 0 0 1-2.5 2.5H4m0 0L6.5 17M4 14.5 6.5 12",
  clock: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14Zm0-11v4l2.5 2",
  notes: "M4 5.5h12M4 9.5h12M4 13.5h7",
  subtasks: "M4 3.5v9A1.5 1.5 0 0 0 5.5 14H9M4 7h5m3-2.5h4.5v5H12v-5Zm0 7h4.5v5H12v-5Z",
  project: "M7.5 3 6 17M14 3l-1.5 14M3.5 7.5h14M2.5 12.5h14",
  archive: "M3 4h14v3.5H3V4Zm1 3.5h12V15a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 4 15V7.5ZM8 10.5h4",
  restore: "M4 8h8a4 4 0 0 1 0 8H8M4 8l3.5-3.5M4 8l3.5 3.5",
  left: "m12 4.5-5.5 5.5 5.5 5.5",
  right: "m8 4.5 5.5 5.5L8 15.5",
  down: "m4.5 7.5 5.5 5.5 5.5-5.5",
  list: "M7 5.5h10M7 10h10M7 14.5h10M3.5 5.5h.01M3.5 10h.01M3.5 14.5h.01",
  board: "M4.5 3.5h2v13h-2v-13Zm5 0h2v9h-2v-9Zm5 0h2v6h-2v-6Z",
  drag: "M7.5 5h.01M12.5 5h.01M7.5 10h.01M12.5 10h.01M7.5 15h.01M12.5 15h.01",
  user: "M10 10a3.2 3.2 0 1 0 0-6.4A3.2 3.2 0 0 0 10 10Zm-6.2 6.8c.6-3 3.1-4.6 6.2-4.6s5.6 1.6 6.2 4.6",
  offline:
    "m3 3 14 14M4.5 8.2A9 9 0 0 1 7 6.7m3.5-.6c2 0 4.6.9 5.9 2.4M7 11a5 5 0 0 1 1.6-1m3.9.6c.3.2.6.4.8.6M10 14.5h.01",
  keyboard:
    "M3.5 5h13A1.5 1.5 0 0 1 18 6.5v7a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 2 13.5v-7A1.5 1.5 0 0 1 3.5 5ZM5.5 8.5h.01m2.99 0h.01m2.99 0h.01m2.99 0h.01M7 12h6",
  edit: "m12.5 4.5 3 3L7 16H4v-3l8.5-8.5Z",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, className = "size-5" }: { name: IconName; className?: string }) {
  const heavy = name === "more" || name === "drag" ? 2.4 : 1.5;
  return (
    <svg
      aria-hidden="true"
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth={heavy}
      strokeLinecap="round"
      strokeLinejoin="round"
      className={`shrink-0 ${className}`}
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
