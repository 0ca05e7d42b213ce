/** Reminders that came due. */
import type { Metadata } from "next";
import { NotificationsPage } from "@/components/pages/feed-pages";

export const metadata: Metadata = { title: "Notifications" };

export default function Page() {
  return <NotificationsPage />;
}
