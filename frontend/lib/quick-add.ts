/** One line into a todo: "Pay rent tomorrow 9am #home @money p1 every month". What was understood is returned as chips. */

import { addDays, addMonths, type Day, dayIn, dayInWords, isDay, momentOf, timeIn, weekdayOf } from "./days";
import { recurrenceFromWords, recurrenceInWords, WEEKDAYS } from "./recurrence";

export type Chip = { kind: "project" | "label" | "priority" | "due" | "repeat"; text: string; label: string };

export type QuickAdd = {
  title: string;
  chips: Chip[];
  projectName: string | null;
  labelNames: string[];
  priority: number;
  due_on: Day | null;
  due_at: string | null;
  recurrence: string;
  recurs_from: "due" | "completion";
};

/** `literal` holds the chip texts that the person sent back into the title. */
export type Context = { now: Date; timeZone: string; literal?: ReadonlySet<string> };

const MONTHS = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december",
];
const DAY_NAMES = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const LONGEST_REPEAT = 9;

const monthFrom = (word: string): number =>
  MONTHS.findIndex(
    (month) => word === month || word === month.slice(0, 3) || (word === "sept" && month === "september"),
  ) + 1;
const weekdayFrom = (word: string): number =>
  word.length < 3 ? 0 : DAY_NAMES.findIndex((name) => name === word || (word.length <= 5 && name.startsWith(word))) + 1;

function nextWeekday(today: Day, weekday: number, weeksLater = 0): Day {
  const ahead = (weekday - weekdayOf(today) + 7) % 7 || 7;
  return addDays(today, ahead + weeksLater * 7);
}

/** The next day with this month and date, today included; null when there is none (30 February). */
function dayOfYear(today: Day, month: number, date: number): Day | null {
  for (let year = Number(today.slice(0, 4)); year < Number(today.slice(0, 4)) + 5; year++) {
    const day = `${year}-${String(month).padStart(2, "0")}-${String(date).padStart(2, "0")}`;
    if (isDay(day) && day >= today) return day;
  }
  return null;
}

type Match<T> = { value: T; words: number };

/** A day said at the start of `words`, and how many of them said it. */
function readDay(words: string[], today: Day): Match<Day> | null {
  const [first = "", second = "", third = ""] = words;
  const one = (value: Day | null, count: number): Match<Day> | null => (value ? { value, words: count } : null);
  if (first === "today" || first === "tod") return one(today, 1);
  if (first === "tomorrow" || first === "tmr" || first === "tom") return one(addDays(today, 1), 1);
  if (isDay(first)) return one(first, 1);
  if (weekdayFrom(first)) return one(nextWeekday(today, weekdayFrom(first)), 1);
  if (first === "on" && second) {
    const inner = readDay(words.slice(1), today);
    return inner && { ...inner, words: inner.words + 1 };
  }
  if (first === "next") {
    if (second === "week") return one(nextWeekday(today, 1), 2);
    if (second === "month") return one(`${addMonths(`${today.slice(0, 8)}01`, 1)}`, 2);
    if (weekdayFrom(second))
      return one(nextWeekday(today, weekdayFrom(second), weekdayFrom(second) > weekdayOf(today) ? 1 : 0), 2);
  }
  if (first === "in" && /^(\d{1,3}|an?)$/.test(second)) {
    const count = Number(second) || 1;
    if (/^days?$/.test(third)) return one(addDays(today, count), 3);
    if (/^weeks?$/.test(third)) return one(addDays(today, count * 7), 3);
    if (/^months?$/.test(third)) return one(addMonths(today, count), 3);
  }
  const date = (word: string) => Number(/^(\d{1,2})(st|nd|rd|th)?$/.exec(word)?.[1] ?? 0);
  if (date(first) && monthFrom(second)) return one(dayOfYear(today, monthFrom(second), date(first)), 2);
  if (monthFrom(first) && date(second)) return one(dayOfYear(today, monthFrom(first), date(second)), 2);
  return null;
}

/** "9am", "9:30", "21:15", "at 17", "noon" at the start of `words`, as "09:00". */
function readTime(words: string[]): Match<string> | null {
  const [first = "", second = ""] = words;
  if (first === "at") {
    const inner = readTime([/^\d{1,2}$/.test(second) ? `${second}:00` : second]);
    return inner && { ...inner, words: 2 };
  }
  if (first === "noon") return { value: "12:00", words: 1 };
  if (first === "midnight") return { value: "00:00", words: 1 };
  const match = /^(\d{1,2})(?::(\d{2}))?(am|pm)?$/.exec(first);
  if (!match || (match[2] === undefined && match[3] === undefined)) return null;
  let hour = Number(match[1]);
  const minute = Number(match[2] ?? 0);
  if (match[3] && (hour < 1 || hour > 12)) return null;
  if (match[3]) hour = (hour % 12) + (match[3] === "pm" ? 12 : 0);
  if (hour > 23 || minute > 59) return null;
  return { value: `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`, words: 1 };
}

/** The longest run of words from the start that is a recurrence; "every!" counts from completion. */
function readRepeat(words: string[]): Match<{ rrule: string; fromCompletion: boolean }> | null {
  const fromCompletion = words[0] === "every!";
  const said = fromCompletion ? ["every", ...words.slice(1)] : words;
  for (let count = Math.min(said.length, LONGEST_REPEAT); count > 0; count--) {
    if (said[count - 1] === "and" || said[count - 1] === "on") continue;
    const rrule = recurrenceFromWords(said.slice(0, count).join(" "));
    if (rrule) return { value: { rrule, fromCompletion }, words: count };
  }
  return null;
}

/** The first day from `today` on that a weekly rule names; other rules start today. */
function firstDay(rrule: string, today: Day): Day {
  const days = /BYDAY=([A-Z,]+)/.exec(rrule)?.[1]?.split(",") ?? [];
  const monthDay = Number(/^FREQ=MONTHLY;(?:INTERVAL=\d+;)?BYMONTHDAY=(\d+)$/.exec(rrule)?.[1] ?? 0);
  for (let ahead = 0; ahead < 62; ahead++) {
    const day = addDays(today, ahead);
    if (days.length && days.includes(WEEKDAYS[weekdayOf(day) - 1] ?? "")) return day;
    if (monthDay && Number(day.slice(8)) === monthDay) return day;
    if (!days.length && !monthDay) return today;
  }
  return today;
}

const PRIORITIES = ["", "Urgent", "High", "Medium", "Low"];

/** What is understood so far; `due` keeps the words that said when. */
type Reading = QuickAdd & { day: Day | null; time: string | null; due: string[]; today: Day };

/**
 * Reads what it knows at the start of `words` into `reading` and tells how many words it took; 0 when that is nothing.
 * `free` tells whether the first `count` words may be taken at all.
 */
type Reader = (reading: Reading, words: string[], free: (count: number) => string | null) => number;

const repeat: Reader = (reading, words, free) => {
  const found = reading.recurrence ? null : readRepeat(words);
  const text = found && free(found.words);
  if (!found || !text) return 0;
  reading.recurrence = found.value.rrule;
  reading.recurs_from = found.value.fromCompletion ? "completion" : "due";
  const ending = found.value.fromCompletion ? " after completion" : "";
  reading.chips.push({ kind: "repeat", text, label: recurrenceInWords(reading.recurrence) + ending });
  return found.words;
};

const day: Reader = (reading, words, free) => {
  const found = reading.day ? null : readDay(words, reading.today);
  const text = found && free(found.words);
  if (!found || !text) return 0;
  reading.day = found.value;
  reading.due.push(text);
  return found.words;
};

const time: Reader = (reading, words, free) => {
  const found = reading.time ? null : readTime(words);
  const text = found && free(found.words);
  if (!found || !text) return 0;
  reading.time = found.value;
  reading.due.push(text);
  return found.words;
};

const name: Reader = (reading, _words, free) => {
  const text = free(1);
  const [, mark, called = ""] = /^([#@])"?([^"]+)"?$/.exec(text ?? "") ?? [];
  if (!text || !mark || (mark === "#" && reading.projectName)) return 0;
  if (mark === "#") reading.projectName = called;
  else reading.labelNames.push(called);
  reading.chips.push({ kind: mark === "#" ? "project" : "label", text, label: called });
  return 1;
};

const priority: Reader = (reading, words, free) => {
  const rank = Number(/^p([1-4])$/.exec(words[0] ?? "")?.[1] ?? 0);
  const text = free(1);
  if (!rank || reading.priority || !text) return 0;
  reading.priority = rank;
  reading.chips.push({ kind: "priority", text, label: PRIORITIES[rank] ?? "" });
  return 1;
};

const READERS = [repeat, day, time, name, priority];

/** Understands one line. Text after a backslash ("\\#home") and chips in `literal` stay words of the title. */
export function parseQuickAdd(line: string, { now, timeZone, literal = new Set() }: Context): QuickAdd {
  const words = [...line.matchAll(/[#@]"[^"]+"|\S+/g)].map(({ 0: text, index }) => ({
    text,
    start: index,
    end: index + text.length,
  }));
  const lowered = words.map((word) => word.text.toLowerCase().replace(/[,;]$/, ""));
  const reading: Reading = {
    ...{ title: "", chips: [], projectName: null, labelNames: [], priority: 0, due_on: null, due_at: null },
    ...{ recurrence: "", recurs_from: "due", day: null, time: null, due: [], today: dayIn(now, timeZone) },
  };
  const title: string[] = [];
  for (let index = 0; index < words.length; ) {
    const free = (count: number): string | null => {
      const text = line.slice(words[index]?.start, words[index + count - 1]?.end);
      return literal.has(text) ? null : text;
    };
    let taken = 0;
    for (const read of READERS) taken ||= read(reading, lowered.slice(index), free);
    if (taken === 0) title.push((words[index]?.text ?? "").replace(/^\\(?=[#@p])/, ""));
    index += taken || 1;
  }
  const { day: said, time: at, due, today, ...result } = reading;
  result.title = title.join(" ");
  settleDue(result, { day: said, time: at, due, now, timeZone, today });
  return result;
}

type Said = { day: Day | null; time: string | null; due: string[]; now: Date; timeZone: string; today: Day };

/** A time alone means its next coming; a recurrence alone starts at the first day it names. */
function settleDue(result: QuickAdd, { day, time, due, now, timeZone, today }: Said): void {
  let settled = day ?? (result.recurrence ? firstDay(result.recurrence, today) : null);
  if (!settled && time) settled = time > timeIn(now, timeZone) ? today : addDays(today, 1);
  if (!settled) return;
  if (time) result.due_at = momentOf(settled, time, timeZone).toISOString().replace(".000Z", "Z");
  else result.due_on = settled;
  if (due.length) {
    const label = [dayInWords(settled, today), time].filter(Boolean).join(" ");
    result.chips.unshift({ kind: "due", text: due.join("\n"), label });
  }
}
