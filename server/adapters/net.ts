import { lookup, type LookupAddress, type LookupAllOptions, type LookupOptions } from 'node:dns'
import { isIP } from 'node:net'
import { Agent } from 'undici'
import { mayReach, type Reach } from '../outbound-address.ts'

/** The name led where nothing of ours may go. */
export class ForbiddenAddress extends Error {
  override name = 'ForbiddenAddress'
  readonly code = 'EFORBIDDEN'
  constructor() {
    super('The address leads to a place that must not be asked: it is not of the public internet.')
  }
}

/** dns.lookup as far as it is used: every address of a name */
export type Resolve = (
  host: string,
  options: LookupAllOptions,
  answer: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
) => void

type Answer = (error: Error | null, address: string | LookupAddress[], family?: number) => void
/** in the place of dns.lookup wherever a socket is opened */
export type GuardedLookup = (host: string, options: LookupOptions, answer: Answer) => void

/**
 * A look-up that answers only with addresses that may be asked. The connection goes to the very address that was judged:
 * between a check and a connect of its own a name could come to mean another machine (DNS rebinding).
 */
export function guardedLookup(resolve: Resolve, reach: Reach): GuardedLookup {
  return (host, options, answer) => {
    resolve(host, { ...options, all: true }, (error, found) => {
      if (error) return answer(error, [])
      // One bad address of several is a trap, not a choice.
      if (found.some(({ address }) => !mayReach(address, reach))) return answer(new ForbiddenAddress(), [])
      if (options.all) return answer(null, found)
      const first = found[0]
      if (!first) return answer(new Error('The name has no address.'), [])
      answer(null, first.address, first.family)
    })
  }
}

/** The way out to addresses that somebody typed into the settings. */
export interface Net {
  /** as fetch, without redirects; rejects with ForbiddenAddress where it may not go */
  fetch(url: string | URL, init?: RequestInit): Promise<Response>
  /** for sockets; hosts that are addresses already are never looked up, so ask `check` first */
  lookup: GuardedLookup
  /** throws ForbiddenAddress when the host is an address that may not be asked */
  check(host: string): void
  /** the address to dial; rejects with ForbiddenAddress. For libraries that open their own socket. */
  addressOf(host: string): Promise<string>
  close(): Promise<void>
}

export function createNet({ allowPrivate, resolve = lookup }: Reach & { resolve?: Resolve }): Net {
  const reach = { allowPrivate }
  const guarded = guardedLookup(resolve, reach)
  const agent = new Agent({ connect: { lookup: guarded, timeout: 10_000 } })
  const check = (host: string): void => {
    const plain = host.replace(/^\[|\]$/g, '')
    if (isIP(plain) && !mayReach(plain, reach)) throw new ForbiddenAddress()
  }
  return {
    async fetch(url, init = {}) {
      const { protocol, hostname } = new URL(url)
      // fetch would also read data: and blob:, which no provider is.
      if (protocol !== 'https:' && protocol !== 'http:') throw new ForbiddenAddress()
      // URL has turned every notation of an address into the one that is dialled.
      check(hostname)
      return fetch(url, { ...init, redirect: 'manual', dispatcher: agent } as RequestInit)
    },
    lookup: guarded,
    check,
    async addressOf(host) {
      check(host)
      return new Promise((found, fail) =>
        guarded(host, { all: false }, (error, address) => (error ? fail(error) : found(String(address)))),
      )
    },
    close: () => agent.destroy(),
  }
}
