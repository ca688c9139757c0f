// Facts grouped by what they are about, the winning value first.
import type { Fact } from "@/shared/api/types";

export function factGroups(facts: Fact[]): [string, Fact[]][] {
  const groups = new Map<string, Fact[]>();
  for (const fact of facts) {
    const group = groups.get(fact.field);
    if (group) group.push(fact);
    else groups.set(fact.field, [fact]);
  }
  for (const group of groups.values()) {
    group.sort((a, b) => Number(b.wins) - Number(a.wins) || Number(a.superseded) - Number(b.superseded));
  }
  return [...groups];
}

export function valueText(value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "string") return value;
  if (typeof value === "object") return JSON.stringify(value);
  return String(value);
}
