// Small hooks that every feature uses: the ticking present, media queries and keyboard shortcuts.
import { useEffect, useRef, useSyncExternalStore } from "react";

type Listener = () => void;

interface Ticker {
  subscribe: (listener: Listener) => () => void;
  now: () => number;
}

/** One shared ticker per interval, so that all relative times on a page change in the same frame. */
const tickers = new Map<number, Ticker>();

function newTicker(interval: number): Ticker {
  const listeners = new Set<Listener>();
  let now = Date.now();
  let timer = 0;
  const tick = () => {
    now = Date.now();
    for (const each of listeners) each();
  };
  return {
    subscribe: (listener) => {
      listeners.add(listener);
      if (listeners.size === 1) timer = window.setInterval(tick, interval);
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) window.clearInterval(timer);
      };
    },
    now: () => {
      // Nobody listened for a while: catch up, once, before the first of a new page looks.
      if (listeners.size === 0 && Date.now() - now >= interval) now = Date.now();
      return now;
    },
  };
}

export function useNow(interval = 1000): number {
  let ticker = tickers.get(interval);
  if (!ticker) {
    ticker = newTicker(interval);
    tickers.set(interval, ticker);
  }
  return useSyncExternalStore(ticker.subscribe, ticker.now);
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
  return Boolean(
    target?.closest("input:not([type=checkbox]), textarea, select, [contenteditable=true], [role=dialog]"),
  );
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
