/** Moments are milliseconds since 1970; words come from `texts`, shapes from Intl. */

const DAY_MS = 24 * 60 * 60 * 1000;
const formats = new Map();

function format(locale, options) {
  const key = `${locale} ${JSON.stringify(options)}`;
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(locale, options));
  return formats.get(key);
}

function midnight(ms) {
  return new Date(ms).setHours(0, 0, 0, 0);
}

/** Calendar days between two moments in the reader's time zone; 0 = the same day. */
export function daysBetween(earlier, later) {
  return Math.round((midnight(later) - midnight(earlier)) / DAY_MS);
}

/** "14:05" */
export function clock(ms, locale) {
  return format(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(ms);
}

/** "Today", "Yesterday", "Monday, 3 March", with the year when it is another one. */
export function dayLabel(ms, texts, now = Date.now()) {
  const days = daysBetween(ms, now);
  if (days === 0) return texts.t("time.today");
  if (days === 1) return texts.t("time.yesterday");
  const sameYear = new Date(ms).getFullYear() === new Date(now).getFullYear();
  const year = sameYear ? {} : { year: "numeric" };
  return format(texts.locale, { weekday: "long", month: "long", day: "numeric", ...year }).format(ms);
}

/** The short time of a row: clock today, "Yesterday", a weekday within the week, else a date. */
export function rowTime(ms, texts, now = Date.now()) {
  const days = daysBetween(ms, now);
  if (days <= 0) return clock(ms, texts.locale);
  if (days === 1) return texts.t("time.yesterday");
  if (days < 7) return format(texts.locale, { weekday: "short" }).format(ms);
  return format(texts.locale, { year: "2-digit", month: "numeric", day: "numeric" }).format(ms);
}

/** The exact moment, for titles. */
export function fullTime(ms, locale) {
  return format(locale, { dateStyle: "full", timeStyle: "medium" }).format(ms);
}
