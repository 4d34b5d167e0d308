import { AsyncLocalStorage } from 'node:async_hooks'

/** Who makes the changes of the running chain of calls; triggers write it into the trail (0027_audit.sql). */
export interface Acting {
  kind: string
  id: string | null
  requestId?: string | undefined
}

const acting = new AsyncLocalStorage<Acting>()

/** Runs with this actor: every transaction opened within says so to the database. */
export function actAs<T>(who: Acting, run: () => T): T {
  return acting.run(who, run)
}

/** The rest of this process acts as `who`: the command line. */
export function actAlwaysAs(who: Acting): void {
  acting.enterWith(who)
}

/** What opens a transaction: with the actor in the same round trip, if there is one. */
export function beginSql(): string {
  const who = acting.getStore()
  if (!who) return 'begin'
  const words = [who.kind, who.id ?? '', who.requestId ?? ''].map((w) => w.replace(/[^\w.:-]/g, '')).join('|')
  return `begin; set local lma.actor = '${words}'`
}
