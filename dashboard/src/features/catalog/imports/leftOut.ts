// What a report lists beside the files that were read: files and folders that were given and left out.
import type { ImportFile, LeftOut } from "@/shared/api/types";

/** `unreadable` is not among them: such a file should have been read, and counts as one that could not be. */
const KINDS: LeftOut["kind"][] = ["too-large", "binary", "link", "folder", "special"];

export function isLeftOut(file: ImportFile): boolean {
  return KINDS.some((kind) => kind === file.kind);
}
