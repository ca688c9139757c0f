// The parts of the page, in the order in which they are looked at.
export const VIEWS = ["jobs", "schedules", "events", "replicas"] as const;
export type View = (typeof VIEWS)[number];
