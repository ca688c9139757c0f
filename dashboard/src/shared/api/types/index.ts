// The shapes of the HTTP interface as docs/api-design.md states them.
export type * from "./alerts";
export type * from "./catalog";
export type * from "./deliveries";
export type * from "./imports";
export type * from "./mainstay";
export type * from "./objectives";
export type * from "./shared";
export type * from "./watch";
