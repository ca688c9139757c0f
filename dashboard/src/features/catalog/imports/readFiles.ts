// Turns what a person dropped or chose into files to import: folders are walked, what cannot be configuration is left
// out, and two files of the same name are told apart.
import type { ImportRequest } from "@/shared/api/types";

type Files = ImportRequest["files"];

const CONFIGURATION = /\.(json|ya?ml|toml)$/i;
const SKIPPED = /(^|\/)(\.git|node_modules|target|dist|\.venv|vendor)\//;

interface Found {
  path: string;
  file: File;
}

/** A chosen single file is taken whatever it is called; from a folder only what looks like configuration. */
export function worthReading(path: string): boolean {
  return !path.includes("/") || (CONFIGURATION.test(path) && !SKIPPED.test(path));
}

export function distinctPaths(files: Files): Files {
  const seen = new Map<string, number>();
  return files.map((file) => {
    const times = (seen.get(file.path) ?? 0) + 1;
    seen.set(file.path, times);
    return times === 1 ? file : { ...file, path: `${file.path} (${times})` };
  });
}

export async function readChosen(list: FileList | null): Promise<Files> {
  return read([...(list ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file })));
}

export async function readDropped(items: DataTransferItemList): Promise<Files> {
  // The entries must be taken before the first wait: the list is empty afterwards.
  const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry !== null);
  return read((await Promise.all(entries.map((entry) => walk(entry)))).flat());
}

async function read(found: Found[]): Promise<Files> {
  const wanted = found.filter(({ path }) => worthReading(path));
  return distinctPaths(await Promise.all(wanted.map(async ({ path, file }) => ({ path, content: await file.text() }))));
}

async function walk(entry: FileSystemEntry): Promise<Found[]> {
  const path = entry.fullPath.replace(/^\//, "");
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ path, file }];
  }
  if (SKIPPED.test(`${path}/`)) return [];
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const inside: FileSystemEntry[] = [];
  for (;;) {
    // A directory is handed out in portions; an empty one is the end.
    const portion = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (portion.length === 0) break;
    inside.push(...portion);
  }
  return (await Promise.all(inside.map((each) => walk(each)))).flat();
}
