/** What happened. */
import type { Metadata } from "next";
import { ActivityPage } from "@/components/pages/feed-pages";

export const metadata: Metadata = { title: "Activity" };

export default function Page() {
  return <ActivityPage />;
}
