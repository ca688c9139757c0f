import { describe, expect, it } from "vitest";
import { toCsv } from "./csv";

describe("an export", () => {
  it("quotes what must be quoted and leaves out columns without text", () => {
    const columns = [
      { id: "name", header: "Name", track: "1fr", cell: () => null, text: (row: { name: string }) => row.name },
      { id: "bar", header: "Bar", track: "1fr", cell: () => null },
    ];
    expect(toCsv([{ name: "a" }, { name: 'say "hi", twice' }], columns)).toBe('Name\r\na\r\n"say ""hi"", twice"');
  });
});
