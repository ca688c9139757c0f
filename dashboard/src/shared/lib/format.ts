// Numbers, times and durations in words. Pure: the present moment is always a parameter.

const SPACE = "\u202f"; // narrow no-break space between a number and its unit

export function count(value: number): string {
  return Math.round(value).toLocaleString("en-GB").replaceAll(",", SPACE);
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** A span of time in at most two units: `2 min 10 s`, `3 h 5 min`, `4 d 2 h`. Input in seconds. */
export function duration(seconds: number, parts = 2): string {
  const total = Math.max(0, Math.floor(seconds));
  if (total < 1) return seconds > 0 ? `under 1${SPACE}s` : `0${SPACE}s`;
  const units: [string, number][] = [
    ["d", 86_400],
    ["h", 3600],
    ["min", 60],
    ["s", 1],
  ];
  const first = units.findIndex(([, size]) => total >= size);
  let rest = total;
  const words: string[] = [];
  for (const [name, size] of units.slice(first, first + parts)) {
    const amount = Math.floor(rest / size);
    rest -= amount * size;
    if (amount > 0) words.push(`${amount}${SPACE}${name}`);
  }
  return words.join(" ");
}

export function secondsBetween(from: string | number, to: string | number): number {
  return (new Date(to).getTime() - new Date(from).getTime()) / 1000;
}

/** How long ago, or how far ahead: `3 min ago`, `in 2 h`, `just now`. */
export function relative(at: string | number, now: number): string {
  const seconds = secondsBetween(at, now);
  if (Math.abs(seconds) < 5) return "just now";
  return seconds > 0 ? `${duration(seconds, 1)} ago` : `in ${duration(-seconds, 1)}`;
}

/** Milliseconds with the unit a person would choose. */
export function millis(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return `0${SPACE}ms`;
  if (value < 1) return `${value.toFixed(2)}${SPACE}ms`;
  if (value < 10) return `${value.toFixed(1)}${SPACE}ms`;
  if (value < 1000) return `${Math.round(value)}${SPACE}ms`;
  if (value < 10_000) return `${(value / 1000).toFixed(2)}${SPACE}s`;
  return `${(value / 1000).toFixed(1)}${SPACE}s`;
}

/**
 * A ratio as percent. Close to 100 % it keeps the digits that carry the meaning, and it never rounds up to a perfect
 * 100 % or down to a hopeless 0 % that the data does not hold.
 */
export function percent(ratio: number | null | undefined): string {
  if (ratio === null || ratio === undefined || !Number.isFinite(ratio)) return "–";
  const value = ratio * 100;
  const magnitude = Math.abs(value);
  if (magnitude === 0) return `0${SPACE}%`;
  if (magnitude < 0.1) return `${value < 0 ? "−" : ""}<${SPACE}0.1${SPACE}%`;
  let text: string;
  if (magnitude < 10) text = trim(value.toFixed(1));
  else if (magnitude <= 99) text = value.toFixed(0);
  else if (magnitude < 100) {
    const missing = 100 - magnitude;
    const digits = missing >= 0.1 ? 1 : missing >= 0.01 ? 2 : 3;
    text = trim(floorTo(value, digits).toFixed(digits));
  } else text = value.toFixed(0);
  return `${text.replace("-", "−")}${SPACE}%`;
}

/** A number that already is percent, such as an objective: `99.95 %`. */
export function percentValue(value: number): string {
  return `${trim(value.toFixed(4))}${SPACE}%`;
}

export function factor(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value >= 100) return `${Math.round(value)}×`;
  return `${trim(value.toFixed(1))}×`;
}

export function minutes(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const sign = value < 0 ? "−" : "";
  const magnitude = Math.abs(value);
  if (magnitude === 0) return `0${SPACE}min`;
  if (magnitude < 1) return `${sign}${Math.max(1, Math.round(magnitude * 60))}${SPACE}s`;
  if (magnitude < 100) return `${sign}${trim(magnitude.toFixed(magnitude < 20 ? 2 : 1))}${SPACE}min`;
  return `${sign}${duration(magnitude * 60)}`;
}

export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  if (value < 1000) return `${value}${SPACE}B`;
  if (value < 1_000_000) return `${trim((value / 1000).toFixed(1))}${SPACE}kB`;
  return `${trim((value / 1_000_000).toFixed(1))}${SPACE}MB`;
}

export function clock(at: string | number): string {
  return new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(
    new Date(at),
  );
}

/** Local date and time with the zone named. */
export function dateTime(at: string | number): string {
  return new Intl.DateTimeFormat("en-GB", {
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZoneName: "short",
  }).format(new Date(at));
}

export function shortTime(at: string | number, spanSeconds: number): string {
  const options: Intl.DateTimeFormatOptions =
    spanSeconds > 2 * 86_400
      ? { day: "numeric", month: "short" }
      : { hour: "2-digit", minute: "2-digit", ...(spanSeconds < 600 ? { second: "2-digit" } : {}) };
  return new Intl.DateTimeFormat("en-GB", options).format(new Date(at));
}

/** The first thing a reason says, for a sentence; the whole of it stands where there is room. */
export function shortReason(reason: string): string {
  const first = reason.split(/; | \(and /, 1)[0] ?? reason;
  return first.length > 90 ? `${first.slice(0, 88).trimEnd()}…` : first;
}

/** Names joined as a person would: `web and api`, `web, api and 3 more`. */
export function listOf(names: string[], most = 4): string {
  if (names.length <= 1) return names.join("");
  if (names.length <= most) return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
  return `${names.slice(0, most - 1).join(", ")} and ${names.length - most + 1} more`;
}

/** The length of a window as people say it: `30 days`, `7 days`, `20 minutes`. */
export function windowName(window: { kind: string; seconds?: number; unit?: string }): string {
  if (window.kind === "calendar") return `calendar ${window.unit ?? "month"}`;
  const seconds = window.seconds ?? 0;
  if (seconds % 86_400 === 0) return plural(seconds / 86_400, "day");
  if (seconds % 3600 === 0) return plural(seconds / 3600, "hour");
  return plural(Math.round(seconds / 60), "minute");
}

function trim(text: string): string {
  return text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
}

function floorTo(value: number, digits: number): number {
  const scale = 10 ** digits;
  return (value < 0 ? Math.ceil : Math.floor)(value * scale) / scale;
}
