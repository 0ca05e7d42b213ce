/** The Inbox. */
import type { Metadata } from "next";
import { InboxPage } from "@/components/pages/project-page";

export const metadata: Metadata = { title: "Inbox" };

export default function Page() {
  return <InboxPage />;
}
