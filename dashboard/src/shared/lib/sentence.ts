// A sentence computed from data is a list of pieces, so that a page can set names in bold and link them, while tests
// and screen readers read plain text.

export type Piece = string | { text: string; service?: string; slo?: string; tone?: "bad" | "warn" | "strong" };

export function plain(pieces: Piece[]): string {
  return pieces.map((piece) => (typeof piece === "string" ? piece : piece.text)).join("");
}

/** Names as linked pieces joined as a person would say them, the tail counted when there are many. */
export function names(services: string[], tone?: "bad" | "warn", most = 4): Piece[] {
  const shown = services.length <= most ? services : services.slice(0, most - 1);
  const pieces: Piece[] = [];
  shown.forEach((service, index) => {
    if (index > 0) pieces.push(index === shown.length - 1 && shown.length === services.length ? " and " : ", ");
    pieces.push(tone ? { text: service, service, tone } : { text: service, service });
  });
  if (shown.length < services.length) pieces.push(` and ${services.length - shown.length} more`);
  return pieces;
}
