/** Dragging by pointer, mouse or finger, from any element to any element with `data-drop="kind:id"`. */

export type Drop = { kind: string; id: string; at: "before" | "after" | "into" };

type Options = {
  /** What is dragged; it fades meanwhile, and cannot be dropped on. */
  source: HTMLElement;
  /** Shown beside the pointer. */
  label: string;
  /** Kinds that may be dropped on; "todo" is dropped before or after, others into. */
  onto: readonly string[];
  onDrop: (drop: Drop) => void;
};

const STARTS_AFTER_PIXELS = 6;
const TOUCH_HOLD = 350;
const EDGE = 56;

/** Call on pointerdown. It becomes a drag when the mouse has moved, or the finger has rested; a click or a scroll stays one. */
export function startDrag(event: PointerEvent, options: Options): void {
  if (event.button !== 0) return;
  const touch = event.pointerType === "touch";
  const from = { x: event.clientX, y: event.clientY };
  let drag: Drag | null = null;
  const begin = () => {
    drag = new Drag(options);
  };
  const hold = touch ? setTimeout(begin, TOUCH_HOLD) : undefined;

  const moved = (move: PointerEvent) => {
    const distance = Math.hypot(move.clientX - from.x, move.clientY - from.y);
    if (!drag && distance > STARTS_AFTER_PIXELS) {
      if (touch) return finish();
      begin();
    }
    drag?.to(move.clientX, move.clientY);
  };
  const released = () => {
    const dropped = drag;
    finish();
    dropped?.drop();
  };
  const pressed = (key: KeyboardEvent) => {
    if (key.key === "Escape") finish();
  };
  const noScroll = (scroll: TouchEvent) => drag && scroll.preventDefault();
  const finish = () => {
    clearTimeout(hold);
    drag?.end();
    drag = null;
    removeEventListener("pointermove", moved);
    removeEventListener("pointerup", released);
    removeEventListener("pointercancel", finish);
    removeEventListener("keydown", pressed, true);
    removeEventListener("touchmove", noScroll);
  };
  addEventListener("pointermove", moved);
  addEventListener("pointerup", released);
  addEventListener("pointercancel", finish);
  addEventListener("keydown", pressed, true);
  addEventListener("touchmove", noScroll, { passive: false });
}

/** One drag under way: the label at the pointer, the mark at the target, scrolling at the edges. */
class Drag {
  private readonly ghost = document.createElement("div");
  private target: HTMLElement | null = null;
  private found: Drop | null = null;
  private scrolling = 0;

  constructor(private readonly options: Options) {
    this.ghost.textContent = options.label;
    this.ghost.setAttribute("aria-hidden", "true");
    this.ghost.className =
      "pointer-events-none fixed top-0 left-0 z-50 max-w-72 truncate rounded-md border border-line bg-raised px-3 py-1.5 text-sm shadow-lift";
    document.body.append(this.ghost);
    document.body.style.userSelect = "none";
    this.options.source.style.opacity = "0.4";
  }

  to(x: number, y: number): void {
    this.ghost.style.transform = `translate(${x + 12}px, ${y + 8}px)`;
    const under = document.elementFromPoint(x, y)?.closest<HTMLElement>("[data-drop]") ?? null;
    const [kind = "", id = ""] = under?.dataset.drop?.split(":") ?? [];
    this.unmark();
    if (under && under !== this.options.source && this.options.onto.includes(kind)) {
      const box = under.getBoundingClientRect();
      const at = kind === "todo" ? (y < box.top + box.height / 2 ? "before" : "after") : "into";
      this.target = under;
      this.found = { kind, id, at };
      under.dataset.dropAt = at;
    }
    this.scrollNear(y);
  }

  drop(): void {
    // The click that ends a drag is not meant for the row.
    addEventListener("click", (click) => click.stopPropagation(), { capture: true, once: true });
    if (this.found) this.options.onDrop(this.found);
  }

  end(): void {
    this.unmark(true);
    cancelAnimationFrame(this.scrolling);
    this.ghost.remove();
    document.body.style.userSelect = "";
    this.options.source.style.opacity = "";
  }

  private unmark(keepFound = false): void {
    delete this.target?.dataset.dropAt;
    this.target = null;
    if (!keepFound) this.found = null;
  }

  private scrollNear(y: number): void {
    cancelAnimationFrame(this.scrolling);
    const scroller = document.querySelector<HTMLElement>("[data-scroller]");
    const step = y < EDGE ? -8 : y > innerHeight - EDGE ? 8 : 0;
    if (!scroller || !step) return;
    const scroll = () => {
      scroller.scrollTop += step;
      this.scrolling = requestAnimationFrame(scroll);
    };
    scroll();
  }
}
