// Keyboard movement through a list: j and k move, Enter opens. The selection follows the item, not its place, so a
// row that changes rank stays selected.
import { useCallback, useEffect, useState } from "react";
import { useKeys } from "@/shared/lib/hooks";

interface Options {
  ids: string[];
  onOpen: (id: string) => void;
  /** Called when the keyboard moves the selection, to bring it into view. */
  onMove?: (index: number) => void;
}

export function useSelection({ ids, onOpen, onMove }: Options) {
  const [selected, setSelected] = useState<string | null>(null);
  const move = useCallback(
    (step: number) => {
      if (ids.length === 0) return;
      const now = selected === null ? -1 : ids.indexOf(selected);
      const at = Math.min(ids.length - 1, Math.max(0, now < 0 ? (step > 0 ? 0 : ids.length - 1) : now + step));
      const id = ids[at];
      if (id === undefined) return;
      setSelected(id);
      onMove?.(at);
    },
    [ids, selected, onMove],
  );
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    Enter: (event) => {
      const onControl = (event.target as HTMLElement).closest("a, button");
      if (selected !== null && !onControl) onOpen(selected);
    },
  });
  useEffect(() => {
    if (selected !== null && !ids.includes(selected)) setSelected(null);
  }, [ids, selected]);
  return { selected, setSelected };
}
