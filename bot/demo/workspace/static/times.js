/** Times as a reader in this time zone says them, including Slack's date token. */

const DAY_MILLISECONDS = 86_400_000;

function formatter(options) {
  return new Intl.DateTimeFormat(undefined, options);
}

const CLOCK = formatter({ hour: "numeric", minute: "2-digit" });
const CLOCK_WITH_SECONDS = formatter({ hour: "numeric", minute: "2-digit", second: "2-digit" });
const FULL = formatter({ dateStyle: "full", timeStyle: "long" });
const NUMERIC = formatter({ year: "numeric", month: "2-digit", day: "2-digit" });
const SHORT = formatter({ year: "numeric", month: "short", day: "numeric" });
const MEDIUM = formatter({ year: "numeric", month: "long", day: "numeric" });
const LONG = formatter({ weekday: "long", year: "numeric", month: "long", day: "numeric" });
const DIVIDER = formatter({ weekday: "long", month: "long", day: "numeric" });

export function dateOf(ts) {
  return new Date(Number(ts) * 1000);
}

export function clockTime(date) {
  return CLOCK.format(date);
}

/** For a narrow margin: `7:15` without the half of the day. */
export function briefTime(date) {
  const parts = CLOCK.formatToParts(date).filter((part) => part.type !== "dayPeriod");
  return parts.map((part) => part.value).join("").trim();
}

export function fullTime(date) {
  return FULL.format(date);
}

function midnight(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

export function sameDay(one, other) {
  return midnight(one) === midnight(other);
}

/** "today", "yesterday", "tomorrow", or what `otherwise` makes of the day. */
function relativeDay(date, otherwise) {
  const days = Math.round((midnight(date) - midnight(new Date())) / DAY_MILLISECONDS);
  return { [-1]: "yesterday", 0: "today", 1: "tomorrow" }[days] ?? otherwise.format(date);
}

export function dayTitle(date) {
  const day = relativeDay(date, DIVIDER);
  return day[0].toUpperCase() + day.slice(1);
}

function ago(date) {
  const seconds = Math.round((date.getTime() - Date.now()) / 1000);
  const words = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  for (const [unit, size] of [["day", 86_400], ["hour", 3_600], ["minute", 60]]) {
    if (Math.abs(seconds) >= size) return words.format(Math.round(seconds / size), unit);
  }
  return words.format(seconds, "second");
}

const PARTS = {
  date_num: (date) => NUMERIC.format(date),
  date: (date) => MEDIUM.format(date),
  date_short: (date) => SHORT.format(date),
  date_long: (date) => LONG.format(date),
  date_pretty: (date) => relativeDay(date, MEDIUM),
  date_short_pretty: (date) => relativeDay(date, SHORT),
  date_long_pretty: (date) => relativeDay(date, LONG),
  day_divider_pretty: (date) => dayTitle(date),
  time: (date) => CLOCK.format(date),
  time_secs: (date) => CLOCK_WITH_SECONDS.format(date),
  ago,
};

/** Fills `{date_short} at {time}` (https://docs.slack.dev/messaging/formatting-message-text/#date-formatting). */
export function fillDateFormat(format, epochSeconds) {
  const date = new Date(epochSeconds * 1000);
  return format.replace(/\{(\w+)\}/g, (whole, part) => PARTS[part]?.(date) ?? whole);
}
