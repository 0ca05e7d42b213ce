/** The page while its todos are on their way: the same places, empty. */

const WIDTHS = ["w-3/5", "w-2/5", "w-2/3", "w-1/2", "w-1/3", "w-3/4"];

export function Skeleton() {
  return (
    <div role="status" aria-label="Loading">
      <div className="pt-1 pb-5 md:pt-4">
        <div className="h-8 w-40 animate-[shimmer_1.4s_infinite] rounded-md bg-hover" />
      </div>
      <div className="mb-4 h-12 rounded-lg border border-line bg-raised" />
      {WIDTHS.map((width) => (
        <div key={width} className="flex h-11 items-center gap-3 pl-3">
          <span className="size-5 rounded-full border-[1.5px] border-line" />
          <span className={`h-3.5 animate-[shimmer_1.4s_infinite] rounded-sm bg-hover ${width}`} />
        </div>
      ))}
    </div>
  );
}
