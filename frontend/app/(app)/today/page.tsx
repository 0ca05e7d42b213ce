/** What is due today. */
import type { Metadata } from "next";
import { TodayPage } from "@/components/pages/day-pages";

export const metadata: Metadata = { title: "Today" };

export default function Page() {
  return <TodayPage />;
}
