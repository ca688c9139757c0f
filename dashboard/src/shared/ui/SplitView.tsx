// A list with its detail beside it; on narrower screens the detail takes the list's place, with a way back.
import { Button } from "@mantine/core";
import { type ReactNode, useEffect } from "react";
import { useKeys, useWide } from "@/shared/lib/hooks";
import { t } from "@/shared/strings";
import { Icon } from "./icons";
import css from "./SplitView.module.css";

interface Props {
  list: ReactNode;
  detail: ReactNode | null;
  onClose: () => void;
  /** Changes when another thing is shown, to begin at its top. */
  shown: string | undefined;
}

export function SplitView({ list, detail, onClose, shown }: Props) {
  const wide = useWide();
  useKeys({ Escape: () => detail && onClose() });
  useEffect(() => {
    if (shown && !wide) window.scrollTo({ top: 0 });
  }, [shown, wide]);
  if (!detail) return <div>{list}</div>;
  if (!wide) {
    return (
      <div className={css.single}>
        <Button className={css.back} variant="subtle" leftSection={<Icon name="back" size={16} />} onClick={onClose}>
          {t.common.back}
        </Button>
        {detail}
      </div>
    );
  }
  return (
    <div className={css.split}>
      <div className={css.list}>{list}</div>
      <aside className={css.detail}>{detail}</aside>
    </div>
  );
}
