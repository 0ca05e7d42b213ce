/** A modal window on the browser's own dialog element: focus stays in it, Escape closes it, focus returns to where it was. */
"use client";

import clsx from "clsx";
import { type ReactNode, useEffect, useId, useRef } from "react";
import { IconButton } from "./button";

type Props = {
  title: string;
  onClose: () => void;
  children: ReactNode;
  /** Without a visible heading the title still names the window. */
  bare?: boolean;
  className?: string;
};

export function Modal({ title, onClose, children, bare = false, className = "max-w-md" }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
    element?.querySelector<HTMLElement>("input, textarea, select")?.focus();
    return () => element?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape does for the keyboard what a click beside the window does
    <dialog
      ref={dialog}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === event.currentTarget && onClose()}
      className={clsx(
        "modal m-auto mt-[12vh] max-h-[80dvh] w-[calc(100%-2rem)] overflow-hidden rounded-xl border border-line bg-raised p-0 text-ink shadow-lift",
        className,
      )}
    >
      <div className="flex max-h-[80dvh] flex-col">
        <div className={bare ? "sr-only" : "flex items-center gap-2 px-5 pt-4 pb-2"}>
          <h2 id={heading} className="flex-1 text-lg font-semibold">
            {title}
          </h2>
          {!bare && <IconButton icon="close" label="Close" onClick={onClose} />}
        </div>
        {children}
      </div>
    </dialog>
  );
}
