// A dialog with a title. The heading is a plain block: a second `header` element would read as a second banner.
import { Modal } from "@mantine/core";
import type { ReactNode } from "react";
import { t } from "@/shared/strings";
import css from "./Dialog.module.css";

interface Props {
  opened: boolean;
  title: ReactNode;
  onClose: () => void;
  children: ReactNode;
  closeOnClickOutside?: boolean;
}

export function Dialog({ opened, title, onClose, children, closeOnClickOutside = true }: Props) {
  return (
    <Modal.Root opened={opened} onClose={onClose} centered closeOnClickOutside={closeOnClickOutside}>
      <Modal.Overlay backgroundOpacity={0.4} />
      <Modal.Content>
        <div className={css.head}>
          <Modal.Title className={css.title}>{title}</Modal.Title>
          <Modal.CloseButton aria-label={t.common.close} />
        </div>
        <Modal.Body className={css.body}>{children}</Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
