/** Signing up. */
import type { Metadata } from "next";
import { SignForm } from "@/components/pages/sign-form";

export const metadata: Metadata = { title: "Create account" };

export default function Page() {
  return <SignForm mode="up" />;
}
