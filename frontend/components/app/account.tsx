/** The signed-in account for every component below: the replica and its sync, the person, the clock. */
"use client";

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { api } from "@/lib/api";
import type { User } from "@/lib/model";
import { ApiProblem } from "@/lib/problem";
import { Replica, type Snapshot } from "@/lib/replica/replica";
import { send } from "@/lib/replica/send";
import { EMPTY } from "@/lib/replica/state";
import { Sync } from "@/lib/replica/sync";
import { type Clock, type Counts, count } from "@/lib/views";

type Account = {
  user: User;
  setUser: (user: User) => void;
  replica: Replica;
  clock: Clock;
  /** Ends the session by `work`, with nothing asking for changes meanwhile, and goes to `path`. */
  leave: (work: () => Promise<unknown>, path: string) => Promise<void>;
};

const AccountContext = createContext<Account | null>(null);
const CountsContext = createContext<Counts | null>(null);
const NOTHING: Snapshot = { ...EMPTY, ready: false, online: true, pending: 0 };

function found<T>(value: T | null): T {
  if (value === null) throw new Error("Use this below <AccountProvider>.");
  return value;
}

export const useAccount = (): Account => found(useContext(AccountContext));
export const useCounts = (): Counts => found(useContext(CountsContext));

/** Everything the account holds, as it is shown now. */
export function useSnapshot(): Snapshot {
  const { replica } = useAccount();
  return useSyncExternalStore(replica.subscribe, replica.snapshot, () => NOTHING);
}

export function leaveForSignIn(): void {
  const next = location.pathname + location.search;
  location.assign(`/signin?next=${encodeURIComponent(next)}`);
}

/** `waiting` stands in until the account is known. */
export function AccountProvider({ children, waiting }: { children: ReactNode; waiting: ReactNode }) {
  const [user, setUser] = useState<User | null>(null);
  const [queries] = useState(() => new QueryClient({ defaultOptions: { queries: { retry: 1, staleTime: 10_000 } } }));
  const { replica, sync } = useReplica(queries);
  const now = useNow();
  useEffect(() => {
    let over = false;
    let timer: ReturnType<typeof setTimeout>;
    const ask = () =>
      api.session().then(
        (known) => !over && (known ? setUser(known) : leaveForSignIn()),
        (error) => {
          replica.setOnline(false);
          if (!over && !(error instanceof ApiProblem && error.status === 401)) timer = setTimeout(ask, 2_000);
        },
      );
    void ask();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [replica]);
  const timeZone = user?.time_zone ?? "UTC";
  const clock = useMemo(() => ({ now, timeZone }), [now, timeZone]);
  const account = useMemo(() => {
    const leave = async (work: () => Promise<unknown>, path: string) => {
      await sync.stop();
      await queries.cancelQueries();
      try {
        await work();
      } catch (error) {
        sync.start();
        void queries.invalidateQueries();
        throw error;
      }
      location.assign(path);
    };
    return user && { user, setUser, replica, clock, leave };
  }, [user, replica, clock, sync, queries]);
  if (account === null) return waiting;
  return (
    <QueryClientProvider client={queries}>
      <AccountContext value={account}>
        <WithCounts clock={clock}>{children}</WithCounts>
      </AccountContext>
    </QueryClientProvider>
  );
}

/** The numbers of sidebar and rows, counted once for each change. */
function WithCounts({ clock, children }: { clock: Clock; children: ReactNode }) {
  const snapshot = useSnapshot();
  const { todos, projects, labels } = snapshot;
  const counts = useMemo(() => count({ todos, projects, labels }, clock), [todos, projects, labels, clock]);
  return <CountsContext value={counts}>{children}</CountsContext>;
}

/** The replica of this tab, kept level while the app is shown. */
function useReplica(queries: QueryClient): { replica: Replica; sync: Sync } {
  const [made] = useState(() => {
    const replica: Replica = new Replica(
      send,
      () => sync.pull(),
      () => sync.tellOtherTabs(),
    );
    const sync: Sync = new Sync(replica, () => void queries.invalidateQueries(), leaveForSignIn);
    return { replica, sync };
  });
  const { replica, sync } = made;
  useEffect(() => {
    sync.start();
    const warn = (event: BeforeUnloadEvent) => {
      if (replica.snapshot().pending > 0) event.preventDefault();
    };
    addEventListener("beforeunload", warn);
    return () => {
      void sync.stop();
      removeEventListener("beforeunload", warn);
    };
  }, [replica, sync]);
  return made;
}

/** The time, moved on each minute and when the tab is looked at again: a day may have begun meanwhile. */
function useNow(): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const tick = () => setNow(new Date());
    const timer = setInterval(tick, 60_000);
    document.addEventListener("visibilitychange", tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", tick);
    };
  }, []);
  return now;
}
