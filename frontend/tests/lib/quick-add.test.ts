import { expect, test } from "vitest";
import { parseQuickAdd } from "@/lib/quick-add";

// A Tuesday, 10:00 in Berlin.
const now = new Date("2026-11-24T09:00:00Z");
const parse = (line: string, literal: string[] = []) =>
  parseQuickAdd(line, { now, timeZone: "Europe/Berlin", literal: new Set(literal) });

test("a whole line is understood", () => {
  expect(parse("Pay rent tomorrow 9am #home @money p1 every month")).toMatchObject({
    title: "Pay rent",
    projectName: "home",
    labelNames: ["money"],
    priority: 1,
    due_at: "2026-11-25T08:00:00Z",
    due_on: null,
    recurrence: "FREQ=MONTHLY",
    recurs_from: "due",
  });
});

test("chips say what was understood, due first", () => {
  expect(parse("Pay rent tomorrow 9am #home p1 every month").chips.map((chip) => chip.label)).toEqual([
    "Tomorrow 09:00",
    "home",
    "Urgent",
    "every month",
  ]);
});

test.each([
  ["Call Ann today", "2026-11-24"],
  ["Call Ann fri", "2026-11-27"],
  ["Call Ann tuesday", "2026-12-01"],
  ["Call Ann next friday", "2026-12-04"],
  ["Call Ann next monday", "2026-11-30"],
  ["Call Ann next week", "2026-11-30"],
  ["Call Ann next month", "2026-12-01"],
  ["Call Ann in 3 days", "2026-11-27"],
  ["Call Ann in 2 weeks", "2026-12-08"],
  ["Call Ann on 24 dec", "2026-12-24"],
  ["Call Ann December 24th", "2026-12-24"],
  ["Call Ann 3 feb", "2027-02-03"],
  ["Call Ann 2027-01-31", "2027-01-31"],
  ["Call Ann every friday", "2026-11-27"],
  ["Call Ann every month on the 3rd", "2026-12-03"],
  ["Call Ann daily", "2026-11-24"],
])("%s is due on %s", (line, day) => {
  expect(parse(line)).toMatchObject({ title: "Call Ann", due_on: day, due_at: null });
});

test.each([
  ["Call Ann 11am", "2026-11-24T10:00:00Z"],
  ["Call Ann 9:30", "2026-11-25T08:30:00Z"],
  ["Call Ann at 17", "2026-11-24T16:00:00Z"],
  ["Call Ann fri at noon", "2026-11-27T11:00:00Z"],
  ["Call Ann 12am tomorrow", "2026-11-24T23:00:00Z"],
])("%s is due at %s", (line, moment) => {
  expect(parse(line)).toMatchObject({ title: "Call Ann", due_on: null, due_at: moment });
});

test.each([
  "Read chapter 9",
  "Buy 3 mars bars",
  "Order 66",
  "Meet the sunglasses person",
  "Visit 30 Febreze",
  "p5 is no priority",
  "Every good boy",
  "march of the penguins",
])("%s stays as it is written", (line) => {
  expect(parse(line)).toMatchObject({ title: line, chips: [], due_on: null, due_at: null, recurrence: "" });
});

test("a chip that was sent back stays in the title", () => {
  expect(parse("Watch Tomorrow tomorrow", ["Tomorrow"])).toMatchObject({
    title: "Watch Tomorrow",
    due_on: "2026-11-25",
  });
});

test("a backslash keeps a mark in the title", () => {
  expect(parse("Fix \\#42")).toMatchObject({ title: "Fix #42", projectName: null });
});

test("quotes allow names with spaces", () => {
  expect(parse('Plan #"Summer house" @"with Ann"')).toMatchObject({
    title: "Plan",
    projectName: "Summer house",
    labelNames: ["with Ann"],
  });
});

test("every! counts from completion", () => {
  expect(parse("Water plants every! 3 days")).toMatchObject({
    title: "Water plants",
    recurrence: "FREQ=DAILY;INTERVAL=3",
    recurs_from: "completion",
  });
});

test("a recurrence leaves the words that follow it alone", () => {
  expect(parse("every monday buy milk")).toMatchObject({ title: "buy milk", recurrence: "FREQ=WEEKLY;BYDAY=MO" });
});
