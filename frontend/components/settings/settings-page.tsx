/** Settings: one section for each thing a person may set. */
"use client";

import dynamic from "next/dynamic";
import type { ReactNode } from "react";
import { PageHeader } from "@/components/app/page-header";
import { About } from "./about";
import { AccountSection } from "./account-section";
import { Appearance } from "./appearance";

const Tokens = dynamic(() => import("./tokens"), { ssr: false });
const Transfer = dynamic(() => import("./transfer"), { ssr: false });

export function SettingsPage() {
  return (
    <>
      <PageHeader title="Settings" />
      <div className="flex flex-col gap-4">
        <Section title="Appearance">
          <Appearance />
        </Section>
        <AccountSection />
        <Section title="API tokens" detail="For scripts and other programs. A token is shown once.">
          <Tokens />
        </Section>
        <Section title="Import and export">
          <Transfer />
        </Section>
        <Section title="About">
          <About />
        </Section>
      </div>
    </>
  );
}

export function Section({ title, detail, children }: { title: string; detail?: string; children: ReactNode }) {
  return (
    <section aria-label={title} className="rounded-xl border border-line bg-raised p-5 shadow-rim">
      <h2 className="font-semibold">{title}</h2>
      {detail && <p className="text-sm text-muted">{detail}</p>}
      <div className="mt-4">{children}</div>
    </section>
  );
}
