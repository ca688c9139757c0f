// Small hooks that every feature uses: the ticking present, media queries and keyboard shortcuts.
import { useEffect, useRef, useSyncExternalStore } from "react";

type Listener = () => void;

/** One shared ticker per interval, so that all relative times on a page change in the same frame. */
const tickers = new Map<number, { listeners: Set<Listener>; now: number; timer: number }>();

function ticker(interval: number) {
  let found = tickers.get(interval);
  if (!found) {
    found = { listeners: new Set(), now: Date.now(), timer: 0 };
    tickers.set(interval, found);
  }
  return found;
}

export function useNow(interval = 1000): number {
  return useSyncExternalStore(
    (listener) => {
      const clock = ticker(interval);
      clock.listeners.add(listener);
      if (clock.listeners.size === 1) {
        clock.now = Date.now();
        clock.timer = window.setInterval(() => {
          clock.now = Date.now();
          for (const each of clock.listeners) each();
        }, interval);
      }
      return () => {
        clock.listeners.delete(listener);
        if (clock.listeners.size === 0) window.clearInterval(clock.timer);
      };
    },
    () => {
      const clock = ticker(interval);
      if (clock.listeners.size === 0 && Date.now() - clock.now > interval) clock.now = Date.now();
      return clock.now;
    },
  );
}

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const media = window.matchMedia(query);
      media.addEventListener("change", listener);
      return () => media.removeEventListener("change", listener);
    },
    () => window.matchMedia(query).matches,
  );
}

export const useNarrow = () => useMedia("(max-width: 719px)");
export const useWide = () => useMedia("(min-width: 1180px)");
export const useReducedMotion = () => useMedia("(prefers-reduced-motion: reduce)");

function isTyping(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null;
  return Boolean(target?.closest("input, textarea, select, [contenteditable=true], [role=dialog]"));
}

/** Single-key shortcuts. They rest while somebody types or a dialog is open. */
export function useKeys(bindings: Record<string, (event: KeyboardEvent) => void>) {
  const kept = useRef(bindings);
  kept.current = bindings;
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
      const binding = kept.current[event.key];
      if (binding) binding(event);
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, []);
}
