/** One label; its name is known to the browser only, which then names the tab. */
import { LabelPage } from "@/components/pages/label-page";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return <LabelPage id={(await params).id} />;
}
