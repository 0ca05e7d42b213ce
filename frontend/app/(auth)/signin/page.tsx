/** Signing in. */
import type { Metadata } from "next";
import { SignForm } from "@/components/pages/sign-form";

export const metadata: Metadata = { title: "Sign in" };

export default function Page() {
  return <SignForm mode="in" />;
}
