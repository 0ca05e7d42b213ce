/** Which rows of a long list stand in the visible part of the page, from heights known beforehand. */
"use client";

import { type RefObject, useCallback, useLayoutEffect, useMemo, useState } from "react";

const OVERSCAN = 600;

export type Windowed = { tops: number[]; total: number; first: number; last: number; reveal: (index: number) => void };

/** The index of the first top that is beyond `y`. */
export function indexAt(tops: readonly number[], y: number): number {
  let low = 0;
  let high = tops.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((tops[middle] ?? 0) <= y) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function useWindowed(heights: readonly number[], list: RefObject<HTMLElement | null>): Windowed {
  const [seen, setSeen] = useState({ from: 0, to: 1_200 });
  const { tops, total } = useMemo(() => {
    let total = 0;
    const tops = heights.map((height) => {
      total += height;
      return total - height;
    });
    return { tops, total };
  }, [heights]);

  useLayoutEffect(() => {
    const scroller = list.current?.closest<HTMLElement>("[data-scroller]");
    if (!scroller) return;
    const look = () => {
      const offset = scroller.getBoundingClientRect().top - (list.current?.getBoundingClientRect().top ?? 0);
      const from = Math.floor((offset - OVERSCAN) / 200) * 200;
      const to = Math.ceil((offset + scroller.clientHeight + OVERSCAN) / 200) * 200;
      setSeen((before) => (before.from === from && before.to === to ? before : { from, to }));
    };
    look();
    scroller.addEventListener("scroll", look, { passive: true });
    const resized = new ResizeObserver(look);
    resized.observe(scroller);
    return () => {
      scroller.removeEventListener("scroll", look);
      resized.disconnect();
    };
  }, [list]);

  /** Scrolls as little as needed to show a row whole. */
  const reveal = useCallback(
    (index: number) => {
      const scroller = list.current?.closest<HTMLElement>("[data-scroller]");
      if (!scroller || !list.current) return;
      const listTop =
        list.current.getBoundingClientRect().top - scroller.getBoundingClientRect().top + scroller.scrollTop;
      const top = listTop + (tops[index] ?? 0);
      const bottom = top + (heights[index] ?? 0);
      if (top < scroller.scrollTop) scroller.scrollTop = Math.max(0, top - 48);
      else if (bottom > scroller.scrollTop + scroller.clientHeight)
        scroller.scrollTop = bottom - scroller.clientHeight + 16;
    },
    [heights, tops, list],
  );

  return { tops, total, first: Math.max(0, indexAt(tops, seen.from) - 1), last: indexAt(tops, seen.to), reveal };
}
