/** How many reminders are unread. */
"use client";

import { useQuery } from "@tanstack/react-query";
import { api } from "@/lib/api";

const ASK_EVERY = 15_000;
const COUNTED = 100;

export function useUnread(): number {
  const { data } = useQuery({
    queryKey: ["notifications", "unread"],
    queryFn: () => api.notifications({ unread: true, limit: COUNTED }),
    refetchInterval: ASK_EVERY,
  });
  return data?.results.length ?? 0;
}
