import { expect, test } from "vitest";
import { recurrenceFromWords, recurrenceInWords } from "@/lib/recurrence";

test.each([
  ["every day", "FREQ=DAILY"],
  ["every 3 days", "FREQ=DAILY;INTERVAL=3"],
  ["every weekday", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"],
  ["every weekend", "FREQ=WEEKLY;BYDAY=SA,SU"],
  ["every Monday and Thursday", "FREQ=WEEKLY;BYDAY=MO,TH"],
  ["every 2 weeks on Monday", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"],
  ["every month on the 31st", "FREQ=MONTHLY;BYMONTHDAY=31"],
  ["every month on the last day", "FREQ=MONTHLY;BYMONTHDAY=-1"],
  ["every 2 months on the first Monday", "FREQ=MONTHLY;INTERVAL=2;BYDAY=1MO"],
  ["every year on 24 December", "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24"],
])("%s goes to %s and comes back", (words, rrule) => {
  expect(recurrenceFromWords(words)).toBe(rrule);
  expect(recurrenceInWords(rrule)).toBe(words);
});

test.each([
  ["daily", "FREQ=DAILY"],
  ["every other week", "FREQ=WEEKLY;INTERVAL=2"],
  ["every thu, mon", "FREQ=WEEKLY;BYDAY=MO,TH"],
  ["every 15th", "FREQ=MONTHLY;BYMONTHDAY=15"],
  ["every last friday of the month", "FREQ=MONTHLY;BYDAY=-1FR"],
])("%s means %s", (words, rrule) => {
  expect(recurrenceFromWords(words)).toBe(rrule);
});

test.each([
  "",
  "every",
  "sometimes",
  "every blue moon",
  "every 0 days",
  "every 32nd",
  "every month on the fifth monday",
])("%j is not a recurrence", (words) => {
  expect(recurrenceFromWords(words)).toBeNull();
});

test("a rule beyond our words is shown as it is", () => {
  expect(recurrenceInWords("FREQ=HOURLY;INTERVAL=5")).toBe("FREQ=HOURLY;INTERVAL=5");
  expect(recurrenceInWords("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=2")).toBe("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=2");
});

test("an end is said", () => {
  expect(recurrenceInWords("FREQ=DAILY;COUNT=5")).toBe("every day, 5 times");
  expect(recurrenceInWords("FREQ=DAILY;UNTIL=20271231T000000Z")).toBe("every day, until 2027-12-31");
});
