/** What is due, day by day. */
import type { Metadata } from "next";
import { UpcomingPage } from "@/components/pages/day-pages";

export const metadata: Metadata = { title: "Upcoming" };

export default function Page() {
  return <UpcomingPage />;
}
