// Rows as comma-separated values, quoted as RFC 4180 asks, and as a file to keep.
import type { DataColumn } from "./DataTable";

export function toCsv<T>(rows: T[], columns: DataColumn<T>[]): string {
  const exported = columns.filter((column) => column.text);
  const quote = (value: string | number | null | undefined) => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [
    exported.map((column) => quote(column.header)),
    ...rows.map((row) => exported.map((column) => quote(column.text?.(row)))),
  ]
    .map((line) => line.join(","))
    .join("\r\n");
}

export function download(name: string, text: string, type = "text/csv") {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
