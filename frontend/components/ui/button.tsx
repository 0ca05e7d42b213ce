/** Buttons: the main action, quiet ones beside it, dangerous ones, and icons that are buttons. */
import clsx from "clsx";
import type { ComponentProps } from "react";
import { Icon, type IconName } from "./icon";

type Kind = "primary" | "quiet" | "danger";

const KINDS: Record<Kind, string> = {
  primary: "bg-accent text-on-accent hover:bg-accent-strong font-medium",
  quiet: "border border-line bg-raised text-ink hover:bg-hover",
  danger: "border border-line bg-raised text-danger hover:bg-hover",
};

export function Button({
  kind = "quiet",
  className,
  type = "button",
  ...rest
}: ComponentProps<"button"> & { kind?: Kind }) {
  return (
    <button
      type={type}
      className={clsx(
        "inline-flex min-h-9 items-center justify-center gap-2 rounded-md px-3.5 py-1.5 text-sm whitespace-nowrap transition-colors disabled:cursor-default disabled:opacity-60",
        KINDS[kind],
        className,
      )}
      {...rest}
    />
  );
}

type IconButtonProps = Omit<ComponentProps<"button">, "children"> & {
  icon: IconName;
  label: string;
  iconClass?: string;
};

export function IconButton({ icon, label, className, iconClass, type = "button", ...rest }: IconButtonProps) {
  return (
    <button
      type={type}
      aria-label={label}
      title={label}
      className={clsx(
        "inline-grid size-8 shrink-0 place-items-center rounded-md text-muted transition-colors hover:bg-hover hover:text-ink",
        className,
      )}
      {...rest}
    >
      <Icon name={icon} className={iconClass} />
    </button>
  );
}
