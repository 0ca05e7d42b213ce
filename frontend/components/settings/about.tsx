/** How the app reaches its API right now, as the gateway tells it. */
"use client";

import { useQuery } from "@tanstack/react-query";
import { api } from "@/lib/api";

const ASK_EVERY = 2_000;

export function About() {
  const { data, isError } = useQuery({ queryKey: ["route"], queryFn: api.route, refetchInterval: ASK_EVERY });
  const route = data?.route === "sidecar" ? "Through the Dapr sidecar" : "Directly";
  const facts: [string, string][] = [
    ["Requests travel", isError ? "The gateway does not answer" : data ? route : "…"],
    ["Phase of the system", data ? (data.phase === null ? "Not known yet" : String(data.phase)) : "…"],
    [
      "Sidecar",
      !data
        ? "…"
        : !data.sidecar_wanted
          ? "Not in use"
          : data.breaker_open
            ? "Not answering; requests go directly"
            : "Healthy",
    ],
  ];
  return (
    <dl className="grid grid-cols-[minmax(8rem,auto)_1fr] gap-x-6 gap-y-1.5 text-sm">
      {facts.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-muted">{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
