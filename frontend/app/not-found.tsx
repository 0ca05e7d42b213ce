/** For addresses that lead nowhere. */
import Link from "next/link";

export default function NotFound() {
  return (
    <main className="grid min-h-dvh place-content-center px-6 text-center">
      <title>Not found · Todo</title>
      <h1 className="text-xl font-bold tracking-tight">There is nothing here</h1>
      <p className="mt-1 text-muted">The address may be old or mistyped.</p>
      <Link href="/today" className="mt-5 font-medium text-accent underline underline-offset-2">
        Go to today
      </Link>
    </main>
  );
}
