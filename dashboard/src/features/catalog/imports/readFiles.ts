// Turns what a person dropped or chose into files to import: folders are walked, two files of the same name are told
// apart, and what is not read is listed with the reason, as the command line does it (modules/catalog/src/import/paths.rs).
import type { ImportRequest, LeftOut } from "@/shared/api/types";

type Files = ImportRequest["files"];

export interface Chosen {
  files: Files;
  /** What was found beside the files and not read. */
  left_out: LeftOut[];
}

/** Folders that hold no source of truth. */
const SKIPPED = new Set([".git", "target", "node_modules", ".venv", "venv", "__pycache__"]);
const CONFIGURATION = /\.(json|ya?ml|toml)$/i;
const MOST_BYTES = 4 * 1024 * 1024;

interface Found {
  path: string;
  file: File;
}

export async function readChosen(list: FileList | null): Promise<Chosen> {
  return read([...(list ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file })));
}

export async function readDropped(items: DataTransferItemList): Promise<Chosen> {
  // The entries must be taken before the first wait: the list is empty afterwards.
  const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry !== null);
  const left: LeftOut[] = [];
  const found = (await Promise.all(entries.map((entry) => walk(entry, left)))).flat();
  const { files, left_out } = await read(found);
  return { files, left_out: byPath([...left_out, ...left]) };
}

/** A folder chosen in a dialog is handed out file by file, with everything that is in it. */
export async function read(found: Found[]): Promise<Chosen> {
  const folders = new Map<string, LeftOut>();
  const wanted = found.filter(({ path }) => {
    const skipped = skippedFolder(path);
    if (skipped) folders.set(skipped, leftOut(skipped, "folder", NO_SOURCE));
    return skipped === null;
  });
  const results = await Promise.all(wanted.map(readOne));
  return {
    files: distinctPaths(byPath(results.filter((each) => "content" in each))),
    left_out: byPath([...folders.values(), ...results.filter((each) => "kind" in each)]),
  };
}

const NO_SOURCE = "version control, build output and downloaded packages say nothing about what runs";

/** The first folder on the way that is not looked into, with the way to it. */
export function skippedFolder(path: string): string | null {
  const parts = path.split("/");
  const at = parts.slice(0, -1).findIndex((part) => SKIPPED.has(part));
  return at < 0 ? null : parts.slice(0, at + 1).join("/");
}

async function readOne({ path, file }: Found): Promise<Files[number] | LeftOut> {
  if (file.size > MOST_BYTES) return leftOut(path, "too-large", "it is larger than 4 MiB, and no configuration is");
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    return leftOut(path, "unreadable", `it cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  try {
    return { path, content: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    // Of a file that is meant to be read a person wants to know; a picture is of no interest.
    return CONFIGURATION.test(path)
      ? leftOut(path, "unreadable", "this is not UTF-8 text; save the file as UTF-8")
      : leftOut(path, "binary", "it is no text");
  }
}

function leftOut(path: string, kind: LeftOut["kind"], note: string): LeftOut {
  return { path, kind, note };
}

function byPath<T extends { path: string }>(list: T[]): T[] {
  return [...list].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

export function distinctPaths(files: Files): Files {
  const seen = new Map<string, number>();
  return files.map((file) => {
    const times = (seen.get(file.path) ?? 0) + 1;
    seen.set(file.path, times);
    return times === 1 ? file : { ...file, path: `${file.path} (${times})` };
  });
}

async function walk(entry: FileSystemEntry, left: LeftOut[]): Promise<Found[]> {
  const path = entry.fullPath.replace(/^\//, "");
  try {
    if (entry.isFile) {
      const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
      return [{ path, file }];
    }
    if (SKIPPED.has(entry.name)) {
      left.push(leftOut(path, "folder", NO_SOURCE));
      return [];
    }
    const inside = await entriesOf(entry as FileSystemDirectoryEntry);
    return (await Promise.all(inside.map((each) => walk(each, left)))).flat();
  } catch (error) {
    const what = entry.isFile ? "it" : "the folder";
    left.push(
      leftOut(path, "unreadable", `${what} cannot be read: ${error instanceof Error ? error.message : String(error)}`),
    );
    return [];
  }
}

async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const inside: FileSystemEntry[] = [];
  for (;;) {
    // A directory is handed out in portions; an empty one is the end.
    const portion = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (portion.length === 0) return inside;
    inside.push(...portion);
  }
}
