// The tone of a delivery's status.
export const deliveryTone = { pending: "info", delivered: "good", failed: "warn", dead: "bad" } as const;
