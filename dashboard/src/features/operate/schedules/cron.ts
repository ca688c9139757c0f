// The common cron patterns in words. What is not common stays as it is: a pattern half understood is worse than one to read.

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

const number = (field: string | undefined): number | null =>
  field !== undefined && /^\d{1,2}$/.test(field) ? Number(field) : null;
const two = (value: number) => String(value).padStart(2, "0");

/** `30 3 * * *` as `every day at 03:30`; null when it is not one of the common ones. */
export function cronInWords(cron: string): string | null {
  const fields = cron.trim().split(/\s+/);
  if (fields.length !== 5) return null;
  const [minute, hour, day, month, weekday] = fields;
  if (month !== "*") return null;
  const at = number(minute);
  const hours = number(hour);
  if (day === "*" && weekday === "*" && hour === "*") {
    if (minute === "*") return "every minute";
    const step = /^\*\/(\d{1,2})$/.exec(minute ?? "");
    if (step) return `every ${step[1]} minutes`;
    return at === null ? null : at === 0 ? "every hour" : `every hour at ${two(at)} minutes`;
  }
  if (at === null || hours === null) return null;
  const time = `${two(hours)}:${two(at)}`;
  if (day === "*" && weekday === "*") return `every day at ${time}`;
  if (day === "*") {
    if (weekday === "1-5") return `Monday to Friday at ${time}`;
    const name = DAYS[number(weekday) ?? -1];
    return name ? `every ${name} at ${time}` : null;
  }
  const date = number(day);
  return weekday === "*" && date !== null ? `on day ${date} of each month at ${time}` : null;
}
