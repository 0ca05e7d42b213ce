/** The keyboard's place in a list and the todos selected for bulk actions. Pure, for the list to hold as state. */

export type Selection = { active: string | null; anchor: string | null; selected: ReadonlySet<string> };

export const NO_SELECTION: Selection = { active: null, anchor: null, selected: new Set() };

/** Moves the active row by `step`; with `extend`, everything between the anchor and it is selected. */
export function step(selection: Selection, ids: readonly string[], by: number, extend: boolean): Selection {
  if (ids.length === 0) return selection;
  const at = selection.active === null ? -1 : ids.indexOf(selection.active);
  const next = ids[Math.max(0, Math.min(ids.length - 1, at === -1 ? 0 : at + by))] ?? null;
  if (!extend) return { ...selection, active: next, anchor: next };
  return extendTo({ ...selection, anchor: selection.anchor ?? selection.active }, ids, next);
}

/** Selects from the anchor to `id`. */
export function extendTo(selection: Selection, ids: readonly string[], id: string | null): Selection {
  if (id === null) return selection;
  const anchor = selection.anchor !== null && ids.includes(selection.anchor) ? selection.anchor : id;
  const [from = 0, to = 0] = [ids.indexOf(anchor), ids.indexOf(id)].sort((a, b) => a - b);
  return { active: id, anchor, selected: new Set(ids.slice(from, to + 1)) };
}

export function toggle(selection: Selection, id: string): Selection {
  const selected = new Set(selection.selected);
  if (!selected.delete(id)) selected.add(id);
  return { active: id, anchor: id, selected };
}

/** The same places after the server has named todos that were new. */
export function renamed(selection: Selection, name: (id: string) => string): Selection {
  const one = (id: string | null) => (id === null ? null : name(id));
  const known = [selection.active, selection.anchor, ...selection.selected].every((id) => id === one(id));
  if (known) return selection;
  return {
    active: one(selection.active),
    anchor: one(selection.anchor),
    selected: new Set([...selection.selected].map(name)),
  };
}

/** Drops what the list no longer shows; the active row hands over to the one that took its place. */
export function keepWithin(selection: Selection, before: readonly string[], now: readonly string[]): Selection {
  const here = new Set(now);
  const selected = new Set([...selection.selected].filter((id) => here.has(id)));
  if (selection.active === null || here.has(selection.active)) {
    return selected.size === selection.selected.size ? selection : { ...selection, selected };
  }
  const at = before.indexOf(selection.active);
  const active =
    before.slice(at).find((id) => here.has(id)) ??
    before.slice(0, Math.max(at, 0)).findLast((id) => here.has(id)) ??
    null;
  return { active, anchor: active, selected };
}
