import { expect, test } from "vitest";
import {
  addMonths,
  dayIn,
  dayInWords,
  daysBetween,
  isOverdue,
  momentOf,
  monthGrid,
  timeIn,
  weekdayOf,
} from "@/lib/days";

test("a moment falls on different days in different places", () => {
  const moment = new Date("2026-11-24T23:30:00Z");
  expect(dayIn(moment, "Europe/Berlin")).toBe("2026-11-25");
  expect(dayIn(moment, "America/New_York")).toBe("2026-11-24");
});

test.each(["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "UTC"])(
  "a clock time in %s is found again",
  (zone) => {
    for (const day of ["2026-03-29", "2026-07-01", "2026-10-25", "2026-11-01", "2026-12-31"]) {
      const moment = momentOf(day, "09:30", zone);
      expect([dayIn(moment, zone), timeIn(moment, zone)]).toEqual([day, "09:30"]);
    }
  },
);

test("a time that a clock change skips moves forward", () => {
  expect(timeIn(momentOf("2026-03-29", "02:30", "Europe/Berlin"), "Europe/Berlin")).toBe("03:30");
});

test("months end where they end", () => {
  expect(addMonths("2026-01-31", 1)).toBe("2026-02-28");
  expect(addMonths("2026-12-15", 2)).toBe("2027-02-15");
});

test.each([
  ["2026-11-24", "Today"],
  ["2026-11-25", "Tomorrow"],
  ["2026-11-23", "Yesterday"],
  ["2026-11-27", "Friday"],
  ["2026-12-01", "1 Dec"],
  ["2027-01-03", "3 Jan 2027"],
])("%s is called %s", (day, words) => {
  expect(dayInWords(day, "2026-11-24")).toBe(words);
});

test("a day is overdue when it is over, a time when it has come", () => {
  const now = new Date("2026-11-24T12:00:00Z");
  expect(isOverdue({ due_on: "2026-11-24", due_at: null }, now, "UTC")).toBe(false);
  expect(isOverdue({ due_on: "2026-11-23", due_at: null }, now, "UTC")).toBe(true);
  expect(isOverdue({ due_on: null, due_at: "2026-11-24T11:59:00Z" }, now, "UTC")).toBe(true);
});

test("a month's grid starts on a Monday and holds the month", () => {
  const grid = monthGrid("2026-11-24");
  expect(grid).toHaveLength(42);
  expect(weekdayOf(grid[0] ?? "")).toBe(1);
  expect(grid).toContain("2026-11-01");
  expect(grid).toContain("2026-11-30");
  expect(daysBetween(grid[0] ?? "", grid[41] ?? "")).toBe(41);
});
