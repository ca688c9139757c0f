// Assertions and schedules in words.
import type { Assertion } from "@/shared/api/types";

/** A check's name alone is often only its role; away from its service it is named with it. */
export function checkTitle(check: { name: string; service: string }): string {
  return check.name.includes(check.service) ? check.name : `${check.service} ${check.name}`;
}

export function assertionWords(assertion: Assertion): string {
  const quoted = (value: unknown) => (typeof value === "string" ? `“${value}”` : JSON.stringify(value));
  switch (assertion.on) {
    case "status":
      return `status is ${String(assertion.is)}`;
    case "body":
      if (assertion.contains !== undefined) return `body contains ${quoted(assertion.contains)}`;
      if (assertion.lacks !== undefined) return `body lacks ${quoted(assertion.lacks)}`;
      return `body matches ${quoted(assertion.matches)}`;
    case "json":
      if (Array.isArray(assertion.in)) {
        return `${String(assertion.path)} is one of ${assertion.in.map((each) => quoted(each)).join(", ")}`;
      }
      return `${String(assertion.path)} equals ${quoted(assertion.equals)}`;
    case "header":
      return assertion.equals !== undefined
        ? `header ${String(assertion.name)} equals ${quoted(assertion.equals)}`
        : `header ${String(assertion.name)} contains ${quoted(assertion.contains)}`;
    case "latency":
      return `answered within ${String(assertion.below_ms)} ms`;
    case "tls":
      return `certificate valid for at least ${String(assertion.days_left_at_least)} days`;
    default:
      return JSON.stringify(assertion);
  }
}
