import { expect, test } from "vitest";
import { extendTo, keepWithin, NO_SELECTION, renamed, step, toggle } from "@/components/todos/selection";
import { indexAt } from "@/components/todos/windowed";

const ids = ["a", "b", "c", "d"];

test("arrows go through the list and stop at its ends", () => {
  const first = step(NO_SELECTION, ids, 1, false);
  expect(first.active).toBe("a");
  expect(step(first, ids, -1, false).active).toBe("a");
  expect(step({ ...first, active: "d" }, ids, 1, false).active).toBe("d");
});

test("shift selects everything from the anchor, in both directions", () => {
  const at = { ...NO_SELECTION, active: "b", anchor: "b" };
  const down = step(step(at, ids, 1, true), ids, 1, true);
  expect([...down.selected]).toEqual(["b", "c", "d"]);
  expect([...step(down, ids, -1, true).selected]).toEqual(["b", "c"]);
  expect([...extendTo(down, ids, "a").selected]).toEqual(["a", "b"]);
});

test("toggling adds and removes", () => {
  const one = toggle(NO_SELECTION, "b");
  expect([...one.selected]).toEqual(["b"]);
  expect([...toggle(one, "b").selected]).toEqual([]);
});

test("when the active todo leaves, the next one takes its place, or the last", () => {
  const at = { ...NO_SELECTION, active: "b", selected: new Set(["b", "c"]) };
  expect(keepWithin(at, ids, ["a", "c", "d"])).toMatchObject({ active: "c", selected: new Set(["c"]) });
  expect(keepWithin({ ...at, active: "d" }, ids, ["a", "b", "c"]).active).toBe("c");
  expect(keepWithin(at, ids, []).active).toBeNull();
});

test("a todo that the server has named stays selected", () => {
  const at = { active: "new-1", anchor: "new-1", selected: new Set(["new-1"]) };
  expect(renamed(at, (id) => (id === "new-1" ? "real" : id))).toEqual({
    active: "real",
    anchor: "real",
    selected: new Set(["real"]),
  });
});

test("the row at a height is found", () => {
  const tops = [0, 44, 88, 148];
  expect([-5, 0, 43, 44, 147, 500].map((y) => indexAt(tops, y))).toEqual([0, 1, 1, 2, 3, 4]);
});
