/** One project; its name is known to the browser only, which then names the tab. */
import { ProjectPage } from "@/components/pages/project-page";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return <ProjectPage id={(await params).id} />;
}
