// Most tests need no browser. Those that ask for jsdom get what it lacks: layout, scrolling and media.
import { cleanup } from "@testing-library/react";
import { afterEach } from "vitest";

const inBrowser = typeof window !== "undefined";

class NoResizeObserver {
  observe() {}
  unobserve() {}
  disconnect() {}
}

if (inBrowser) {
  window.scrollTo = () => {};
  window.ResizeObserver ??= NoResizeObserver as unknown as typeof ResizeObserver;
  Object.defineProperty(window, "matchMedia", {
    writable: true,
    value: (query: string) => ({
      matches: false,
      media: query,
      onchange: null,
      addEventListener: () => {},
      removeEventListener: () => {},
      dispatchEvent: () => false,
    }),
  });
}

afterEach(() => {
  if (inBrowser) cleanup();
});
