/** Recurrence in plain words and as the API's RRULE text, each way. Words it does not know give null, never a guess. */

const FREQUENCIES = { day: "DAILY", week: "WEEKLY", month: "MONTHLY", year: "YEARLY" } as const;
type Unit = keyof typeof FREQUENCIES;

export const WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"] as const;
type Weekday = (typeof WEEKDAYS)[number];
const WEEKDAY_NAMES: Record<Weekday, string> = {
  MO: "Monday",
  TU: "Tuesday",
  WE: "Wednesday",
  TH: "Thursday",
  FR: "Friday",
  SA: "Saturday",
  SU: "Sunday",
};
const ORDINALS: Record<string, number> = { first: 1, second: 2, third: 3, fourth: 4, last: -1 };
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const NUMBERS: Record<string, number> = { other: 2, two: 2, three: 3, four: 4, five: 5, six: 6 };

const weekdayFrom = (word: string): Weekday | undefined =>
  word.length < 3
    ? undefined
    : WEEKDAYS.find(
        (day) => `${WEEKDAY_NAMES[day].toLowerCase()}s`.startsWith(word) && word.slice(0, 2) === day.toLowerCase(),
      );

const unitFrom = (word: string): Unit | undefined =>
  (Object.keys(FREQUENCIES) as Unit[]).find((unit) => word === unit || word === `${unit}s`);

function rule(unit: Unit, interval: number, ...more: string[]): string {
  return [`FREQ=${FREQUENCIES[unit]}`, ...(interval > 1 ? [`INTERVAL=${interval}`] : []), ...more].join(";");
}

/** "24th", "1st", "31" as a day of the month. */
function dayOfMonth(word: string): number | null {
  const number = Number(/^(\d{1,2})(st|nd|rd|th)?$/.exec(word)?.[1]);
  return number >= 1 && number <= 31 ? number : null;
}

function weekdayList(words: string[]): Weekday[] | null {
  const days = new Set<Weekday>();
  for (const word of words) {
    if (word === "and" || word === "on") continue;
    const day = weekdayFrom(word);
    if (!day) return null;
    days.add(day);
  }
  return days.size ? WEEKDAYS.filter((day) => days.has(day)) : null;
}

/** What follows "every month": nothing, "on the 24th", "on the last day", "on the first monday". */
function monthly(interval: number, words: string[]): string | null {
  const rest = words.filter((word) => word !== "on" && word !== "the");
  const [first = "", second = ""] = rest;
  if (rest.length === 0) return rule("month", interval);
  if (rest.length === 1) {
    const day = dayOfMonth(first);
    return day ? rule("month", interval, `BYMONTHDAY=${day}`) : null;
  }
  const ordinal = ORDINALS[first];
  if (rest.length !== 2 || ordinal === undefined) return null;
  if (second === "day" && ordinal === -1) return rule("month", interval, "BYMONTHDAY=-1");
  const weekday = weekdayFrom(second);
  return weekday ? rule("month", interval, `BYDAY=${ordinal}${weekday}`) : null;
}

/** What follows "every year": nothing, or "on 24 december". */
function yearly(interval: number, words: string[]): string | null {
  const rest = words.filter((word) => word !== "on" && word !== "the");
  if (rest.length === 0) return rule("year", interval);
  if (rest.length !== 2) return null;
  const day = rest.map(dayOfMonth).find((one) => one !== null);
  const month = MONTHS.findIndex((name) => rest.some((word) => word.startsWith(name)));
  return day && month >= 0 ? rule("year", interval, `BYMONTH=${month + 1}`, `BYMONTHDAY=${day}`) : null;
}

/** The RRULE for "every weekday", "every 2 weeks on mon and thu", "every month on the last day"; null when not understood. */
export function recurrenceFromWords(text: string): string | null {
  const words = text.toLowerCase().replace(/,/g, " ").split(/\s+/).filter(Boolean);
  const single: Record<string, string> = {
    daily: rule("day", 1),
    weekly: rule("week", 1),
    monthly: rule("month", 1),
    yearly: rule("year", 1),
    annually: rule("year", 1),
    fortnightly: rule("week", 2),
  };
  const [head = "", ...tail] = words;
  if (words.length === 1 && single[head]) return single[head];
  if (head !== "every" && head !== "each") return null;
  let [next = "", ...rest] = tail;
  let interval = 1;
  const count = /^\d{1,3}$/.test(next) ? Number(next) : NUMBERS[next];
  if (count !== undefined && count > 0 && rest.length > 0) {
    interval = count;
    [next = "", ...rest] = rest;
  }
  if (/^(weekday|workday)s?$/.test(next) && rest.length === 0 && interval === 1)
    return "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR";
  if (/^weekends?$/.test(next) && rest.length === 0 && interval === 1) return "FREQ=WEEKLY;BYDAY=SA,SU";
  const unit = unitFrom(next);
  if (unit === "day") return rest.length === 0 ? rule("day", interval) : null;
  if (unit === "month") return monthly(interval, rest);
  if (unit === "year") return yearly(interval, rest);
  if (unit === "week") {
    if (rest.length === 0) return rule("week", interval);
    const days = weekdayList(rest);
    return days && rule("week", interval, `BYDAY=${days.join(",")}`);
  }
  const ordinal = ORDINALS[next];
  if (ordinal !== undefined && interval === 1)
    return monthly(1, [next, rest[0] ?? "", ...rest.slice(rest[1] === "of" ? 4 : 1)]);
  const day = dayOfMonth(next);
  if (day && rest.length === 0 && interval === 1 && /\D/.test(next)) return rule("month", 1, `BYMONTHDAY=${day}`);
  const days = weekdayList([next, ...rest]);
  return days && rule("week", interval, `BYDAY=${days.join(",")}`);
}

const ordinalNumber = (value: number): string => {
  const ending = value % 100 >= 11 && value % 100 <= 13 ? "th" : (["th", "st", "nd", "rd"][value % 10] ?? "th");
  return `${value}${ending}`;
};

const listed = (words: string[]): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`;

function whichDays(parts: Map<string, string>): string | null {
  const byDay = parts.get("BYDAY");
  const byMonthDay = parts.get("BYMONTHDAY");
  const byMonth = Number(parts.get("BYMONTH") ?? 0);
  if (byMonthDay !== undefined) {
    const day = Number(byMonthDay);
    if (!Number.isInteger(day) || (day < 1 && day !== -1)) return null;
    if (byMonth)
      return day > 0
        ? ` on ${day} ${["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"][byMonth - 1]}`
        : null;
    return day === -1 ? " on the last day" : ` on the ${ordinalNumber(day)}`;
  }
  if (byMonth) return null;
  if (byDay === undefined) return "";
  const nth = /^(-?\d)(\w\w)$/.exec(byDay);
  if (nth) {
    const ordinal = Object.keys(ORDINALS).find((name) => ORDINALS[name] === Number(nth[1]));
    return ordinal ? ` on the ${ordinal} ${WEEKDAY_NAMES[nth[2] as Weekday]}` : null;
  }
  const names = byDay.split(",").map((day) => WEEKDAY_NAMES[day as Weekday]);
  return names.every(Boolean) ? ` on ${listed(names)}` : null;
}

/** "every 2 weeks on Monday and Thursday" for an RRULE; a rule beyond these words is shown as it is. */
export function recurrenceInWords(rrule: string): string {
  if (!rrule) return "";
  const parts = new Map(rrule.split(";").map((part) => part.split("=", 2) as [string, string]));
  const unit = (Object.keys(FREQUENCIES) as Unit[]).find((one) => FREQUENCIES[one] === parts.get("FREQ"));
  const known = new Set(["FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYMONTH", "COUNT", "UNTIL", "WKST"]);
  if (!unit || [...parts.keys()].some((key) => !known.has(key))) return rrule;
  const interval = Number(parts.get("INTERVAL") ?? 1);
  const days = whichDays(parts);
  if (days === null) return rrule;
  const until = parts.get("UNTIL");
  const end = parts.has("COUNT")
    ? `, ${parts.get("COUNT")} times`
    : until
      ? `, until ${until.slice(0, 4)}-${until.slice(4, 6)}-${until.slice(6, 8)}`
      : "";
  if (unit === "week" && interval === 1) {
    if (parts.get("BYDAY") === "MO,TU,WE,TH,FR") return `every weekday${end}`;
    if (parts.get("BYDAY") === "SA,SU") return `every weekend${end}`;
    if (days) return `every${days.replace(" on", "")}${end}`;
  }
  return `every ${interval === 1 ? unit : `${interval} ${unit}s`}${days}${end}`;
}
