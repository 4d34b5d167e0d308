/** What the one-click unsubscribe of a message answered. `status` 0: no answer at all. */
export interface OneClickResult {
  ok: boolean
  status: number
}

/** The https address of a List-Unsubscribe header, or null when it only names a mailbox. */
export function oneClickUrl(headers: Record<string, string>): string | null {
  const named = (name: string): string => Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1] ?? ''
  if (!/list-unsubscribe=one-click/i.test(named('list-unsubscribe-post'))) return null
  return /<(https?:[^>]+)>/i.exec(named('list-unsubscribe'))?.[1] ?? null
}

/**
 * Unsubscribes as a mail client does (RFC 8058): a bare form post without cookies. The address is reached through this
 * page's own origin, because the shop's public name may not resolve on this machine.
 */
export async function postOneClick(url: string): Promise<OneClickResult> {
  const { pathname, search } = new URL(url)
  try {
    const response = await fetch(pathname + search, {
      method: 'POST',
      credentials: 'omit',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'List-Unsubscribe=One-Click',
    })
    return { ok: response.ok, status: response.status }
  } catch {
    return { ok: false, status: 0 }
  }
}
