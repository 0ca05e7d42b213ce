/** Calendar days in a person's own time zone: which day a moment falls on, and how a day is said in words. */

/** A day without a time, "2026-11-24". Comparing two as strings compares them as days. */
export type Day = string;

type Clock = { year: number; month: number; day: number; hour: number; minute: number; second: number };

const formatters = new Map<string, Intl.DateTimeFormat>();

/** Building an Intl formatter costs about 50 µs, and a list asks for thousands. */
function formatter(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = locale + JSON.stringify(options);
  let found = formatters.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(locale, options);
    formatters.set(key, found);
  }
  return found;
}

function clockIn(moment: Date, timeZone: string): Clock {
  const parts = formatter("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(moment);
  const part = (type: string) => Number(parts.find((one) => one.type === type)?.value);
  return {
    year: part("year"),
    month: part("month"),
    day: part("day"),
    hour: part("hour"),
    minute: part("minute"),
    second: part("second"),
  };
}

const two = (value: number) => String(value).padStart(2, "0");
const noon = (day: Day) => new Date(`${day}T12:00:00Z`);
const asDay = (date: Date): Day => date.toISOString().slice(0, 10);

/** The day on which `moment` falls in `timeZone`. */
export function dayIn(moment: Date, timeZone: string): Day {
  const { year, month, day } = clockIn(moment, timeZone);
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`;
}

/** The time of day of `moment` in `timeZone`, "09:30". */
export function timeIn(moment: Date, timeZone: string): string {
  const { hour, minute } = clockIn(moment, timeZone);
  return `${two(hour)}:${two(minute)}`;
}

/** The moment at which the clock in `timeZone` shows `day` and `time`; a time that a clock change skips moves forward. */
export function momentOf(day: Day, time: string, timeZone: string): Date {
  const wanted = Date.parse(`${day}T${time}:00Z`);
  const offsetAt = (instant: number) => {
    const clock = clockIn(new Date(instant), timeZone);
    return Date.UTC(clock.year, clock.month - 1, clock.day, clock.hour, clock.minute, clock.second) - instant;
  };
  const before = offsetAt(wanted - 86_400_000);
  const after = offsetAt(wanted + 86_400_000);
  for (const offset of [before, after]) {
    if (offsetAt(wanted - offset) === offset) return new Date(wanted - offset);
  }
  return new Date(wanted - before);
}

export function addDays(day: Day, count: number): Day {
  const date = noon(day);
  date.setUTCDate(date.getUTCDate() + count);
  return asDay(date);
}

/** The same day `count` months later, or the last day of a month that is too short. */
export function addMonths(day: Day, count: number): Day {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  const last = new Date(Date.UTC(year, month - 1 + count + 1, 0));
  last.setUTCDate(Math.min(date, last.getUTCDate()));
  return asDay(last);
}

/** 1 is Monday, 7 is Sunday. */
export const weekdayOf = (day: Day): number => noon(day).getUTCDay() || 7;

export function daysBetween(from: Day, to: Day): number {
  return Math.round((noon(to).getTime() - noon(from).getTime()) / 86_400_000);
}

export const isDay = (text: string): boolean =>
  /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(noon(text).getTime()) && asDay(noon(text)) === text;

type Dated = { due_at: string | null; due_on: string | null };

/** The day a todo is due on for someone in `timeZone`, or null. */
export function dueDay(todo: Dated, timeZone: string): Day | null {
  return todo.due_on ?? (todo.due_at ? dayIn(new Date(todo.due_at), timeZone) : null);
}

/** Whether the due time has passed: a day is over when it ends, a time when it comes. */
export function isOverdue(todo: Dated, now: Date, timeZone: string): boolean {
  if (todo.due_at) return new Date(todo.due_at) < now;
  return todo.due_on !== null && todo.due_on < dayIn(now, timeZone);
}

/** "Today", "Tomorrow", "Friday", "3 Dec", "3 Dec 2027": the shortest name that is not ambiguous. */
export function dayInWords(day: Day, today: Day): string {
  const distance = daysBetween(today, day);
  if (distance === 0) return "Today";
  if (distance === 1) return "Tomorrow";
  if (distance === -1) return "Yesterday";
  if (distance > 1 && distance < 7) return formatter("en-GB", { weekday: "long", timeZone: "UTC" }).format(noon(day));
  const year = day.slice(0, 4) === today.slice(0, 4) ? undefined : "numeric";
  return formatter("en-GB", { day: "numeric", month: "short", year, timeZone: "UTC" }).format(noon(day));
}

/** "Tuesday 24 November", for headings. */
export function dayInFull(day: Day): string {
  return formatter("en-GB", { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" }).format(noon(day));
}

export const monthInWords = (day: Day): string =>
  formatter("en-GB", { month: "long", year: "numeric", timeZone: "UTC" }).format(noon(day));

/** "Tomorrow 09:00" for a todo's due value. */
export function dueInWords(todo: Dated, now: Date, timeZone: string): string {
  const day = dueDay(todo, timeZone);
  if (!day) return "";
  const words = dayInWords(day, dayIn(now, timeZone));
  return todo.due_at ? `${words} ${timeIn(new Date(todo.due_at), timeZone)}` : words;
}

/** "24 Nov, 09:30": a moment as people write it. */
export function momentInWords(moment: string, now: Date, timeZone: string): string {
  const date = new Date(moment);
  return `${dayInWords(dayIn(date, timeZone), dayIn(now, timeZone))} ${timeIn(date, timeZone)}`;
}

/** Six weeks that show the month of `day`, Mondays first. */
export function monthGrid(day: Day): Day[] {
  const first = `${day.slice(0, 8)}01`;
  const start = addDays(first, 1 - weekdayOf(first));
  return Array.from({ length: 42 }, (_, index) => addDays(start, index));
}
