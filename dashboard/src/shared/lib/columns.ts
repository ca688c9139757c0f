// Which optional columns a list shows: the choice in the address, or those that suit the screen.

export interface Optional {
  id: string;
  optional?: boolean;
  /** Left out on screens that are not wide, unless it is chosen. */
  wideOnly?: boolean;
  /** Left out unless it is chosen. */
  unusual?: boolean;
}

/** `since,p95` in the address; an empty choice is one too. */
export function shownColumns(columns: readonly Optional[], chosen: string | undefined, wide: boolean): Set<string> {
  const names = chosen === undefined ? undefined : new Set(chosen.split(","));
  const usual = (column: Optional) => !column.unusual && (wide || !column.wideOnly);
  return new Set(
    columns
      .filter((column) => !column.optional || (names ? names.has(column.id) : usual(column)))
      .map((column) => column.id),
  );
}

const key = (list: string) => `mainstay.columns.${list}`;

export function rememberedColumns(list: string): string | undefined {
  try {
    return localStorage.getItem(key(list)) ?? undefined;
  } catch {
    return undefined;
  }
}

export function rememberColumns(list: string, chosen: string | undefined) {
  try {
    if (chosen === undefined) localStorage.removeItem(key(list));
    else localStorage.setItem(key(list), chosen);
  } catch {
    // Without storage the choice lives in the address alone.
  }
}
