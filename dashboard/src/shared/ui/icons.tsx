// A small set of line icons on a 20-pixel grid, drawn here so that the bundle carries only what is used.
import type { SVGProps } from "react";

const paths = {
  fleet: "M4 5.5h4v4H4zM12 3.5h4v4h-4zM12 12.5h4v4h-4zM8 7.5h2.5m1.5-2h-1.5v9H12",
  imports: "M10 3v9m0 0 3.5-3.5M10 12 6.5 8.5M3.5 12.5v3a1.5 1.5 0 0 0 1.5 1.5h10a1.5 1.5 0 0 0 1.5-1.5v-3",
  checks: "M2.5 10.5h3l2-5.5 4 10 2-6 1.2 1.5h2.8",
  maintenance:
    "M12.5 3.6a4 4 0 0 0-4.9 5.2L3.4 13a1.9 1.9 0 0 0 2.7 2.7l4.2-4.2a4 4 0 0 0 5.2-4.9l-2.6 2.6-2.2-.6-.6-2.2z",
  objectives: "M3 16.5h14M4 4v12.5M4 6.5c4 .2 5 5 7.5 6.6 1.4.9 3 1.2 4.5 1.3",
  alerts:
    "M10 3a4.5 4.5 0 0 0-4.5 4.5c0 4-1.5 5.5-1.5 5.5h12s-1.5-1.5-1.5-5.5A4.5 4.5 0 0 0 10 3zM8.4 16a1.8 1.8 0 0 0 3.2 0",
  deliveries: "M3 10.5 17 4l-4.5 13-3-5.5zM9.5 11.5 17 4",
  mainstay: "M10 2.5v15M10 4 4 16.5h12z",
  search: "M8.8 14.1a5.3 5.3 0 1 0 0-10.6 5.3 5.3 0 0 0 0 10.6zM12.7 12.7 17 17",
  copy: "M7.5 7.5h8v8h-8zM12.5 7.5v-3h-8v8h3",
  check: "m4.5 10.5 3.5 3.5 7.5-8",
  columns: "M3.5 4.5h13v11h-13zM8 4.5v11M12.5 4.5v11",
  close: "m5.5 5.5 9 9m0-9-9 9",
  more: "M4.5 10h.01M10 10h.01M15.5 10h.01",
  play: "M6.5 4.5v11l9-5.5z",
  pause: "M7 4.5v11M13 4.5v11",
  sun: "M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM10 2v1.5m0 13V18M2 10h1.5m13 0H18M4.3 4.3l1.1 1.1m9.2 9.2 1.1 1.1m0-11.4-1.1 1.1M5.4 14.6l-1.1 1.1",
  moon: "M16.5 11.8A6.8 6.8 0 0 1 8.2 3.5a6.8 6.8 0 1 0 8.3 8.3z",
  auto: "M10 3a7 7 0 1 0 0 14zM10 3a7 7 0 0 1 0 14",
  keyboard: "M2.5 5.5h15v9h-15zM5.5 8.5h.01m3 0h.01m3 0h.01m3 0h.01M6.5 11.5h7",
  back: "M11.5 4.5 6 10l5.5 5.5",
  next: "M8.5 4.5 14 10l-5.5 5.5",
  external: "M8 5H4.5v10.5H15V12M11 3.5h5.5V9m0-5.5-7 7",
  silence:
    "M3 3l14 14M6.2 6.1A6 6 0 0 0 5.500 8.500c0 3.500-1.500 4.500-1.500 4.500h9m2.500-1.800c-.6-.8-1-2-1-3.700A4.500 4.500 0 0 0 8 3.700M8.400 16a1.800 1.800 0 0 0 3.200 0",
  refresh: "M16 10a6 6 0 1 1-1.800-4.300L16 7.500M16 3.500v4h-4",
  file: "M5 2.500h6.500L15 6v11.500H5zM11.500 2.500V6H15",
  upload:
    "M10 13V4m0 0L6.500 7.500M10 4l3.500 3.500M3.500 12.500v3A1.500 1.500 0 0 0 5 17h10a1.500 1.500 0 0 0 1.500-1.500v-3",
  plus: "M10 4v12M4 10h12",
  clock: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM10 6v4.200l2.800 1.600",
  link: "M8.500 11.500a3 3 0 0 0 4.300 0l2.400-2.400a3 3 0 0 0-4.300-4.300l-1 1M11.500 8.500a3 3 0 0 0-4.300 0l-2.400 2.400a3 3 0 0 0 4.300 4.300l1-1",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 18, ...rest }: { name: IconName; size?: number } & SVGProps<SVGSVGElement>) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === "more" ? 2.4 : 1.5}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      {...rest}
    >
      <path d={paths[name]} />
    </svg>
  );
}
