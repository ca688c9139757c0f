// A server-sent event reader over fetch (the format is HTML Living Standard, section 9.2). The browser's own
// EventSource cannot send an authorization header, and does not say when it is reconnecting.

export interface SseMessage {
  event: string;
  data: string;
  id: string | null;
}

/** Feeds text as it arrives and calls back for every complete message. Comments count as a sign of life only. */
export function sseParser(onMessage: (message: SseMessage) => void): (chunk: string) => void {
  let rest = "";
  let event = "";
  let data: string[] = [];
  let id: string | null = null;
  const line = (text: string) => {
    if (text === "") {
      if (data.length > 0) onMessage({ event: event || "message", data: data.join("\n"), id });
      event = "";
      data = [];
      return;
    }
    if (text.startsWith(":")) return;
    const colon = text.indexOf(":");
    const field = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? "" : text.slice(colon + 1).replace(/^ /, "");
    if (field === "event") event = value;
    else if (field === "data") data.push(value);
    else if (field === "id") id = value;
  };
  return (chunk) => {
    rest += chunk;
    // A carriage return at the very end may be half of a CRLF: keep it until more arrives.
    const end = rest.endsWith("\r") ? rest.length - 1 : rest.length;
    const lines = rest.slice(0, end).split(/\r\n|\n|\r/);
    const last = lines.pop() ?? "";
    rest = last + rest.slice(end);
    for (const text of lines) line(text);
  };
}

export type StreamStatus = "connecting" | "live" | "reconnecting";

interface StreamOptions {
  url: string;
  headers: () => Record<string, string>;
  onMessage: (message: SseMessage) => void;
  onStatus: (status: StreamStatus) => void;
  /** Called after every connection that followed a failure or an earlier one: what is shown must be fetched again. */
  onResume: () => void;
  signal: AbortSignal;
}

const SILENCE_MS = 45_000;
const SLOWEST_RETRY_MS = 15_000;

/** Keeps one stream open until the signal aborts, reconnecting with backoff and jitter. */
export async function keepStream(options: StreamOptions): Promise<void> {
  let attempt = 0;
  let connectedBefore = false;
  options.onStatus("connecting");
  while (!options.signal.aborted) {
    const connection = new AbortController();
    const stop = () => connection.abort();
    options.signal.addEventListener("abort", stop, { once: true });
    // The browser knows sooner than a silent connection that there is no network any more.
    addEventListener("offline", stop, { once: true });
    let watchdog: ReturnType<typeof setTimeout> | undefined;
    const alive = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(stop, SILENCE_MS);
    };
    try {
      alive();
      const response = await fetch(options.url, {
        headers: { accept: "text/event-stream", ...options.headers() },
        signal: connection.signal,
        cache: "no-store",
      });
      if (!response.ok || !response.body) throw new Error(`event stream answered ${response.status}`);
      options.onStatus("live");
      if (connectedBefore || attempt > 0) options.onResume();
      connectedBefore = true;
      attempt = 0;
      const feed = sseParser(options.onMessage);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        alive();
        feed(value);
      }
    } catch {
      // Any failure means the same: wait, then connect again. The status tells the person.
    } finally {
      clearTimeout(watchdog);
      options.signal.removeEventListener("abort", stop);
      removeEventListener("offline", stop);
    }
    if (options.signal.aborted) return;
    options.onStatus("reconnecting");
    await pause(retryDelay(attempt, Math.random()), options.signal);
    attempt += 1;
  }
}

/** Exponential from half a second, capped, spread by up to half to keep browsers from returning all at once. */
export function retryDelay(attempt: number, random: number): number {
  return Math.min(SLOWEST_RETRY_MS, 500 * 2 ** attempt) * (0.75 + random * 0.5);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      removeEventListener("online", finish);
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    addEventListener("online", finish);
    signal.addEventListener("abort", finish);
  });
}
