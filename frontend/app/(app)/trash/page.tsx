/** What was deleted. */
import type { Metadata } from "next";
import { TrashPage } from "@/components/pages/trash-page";

export const metadata: Metadata = { title: "Trash" };

export default function Page() {
  return <TrashPage />;
}
