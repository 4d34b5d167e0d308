import { createPublicKey } from 'node:crypto'
import { Resolver } from 'node:dns/promises'
import type { z } from 'zod'
import type { channels, Check } from '#contract/channels.ts'
import { judgeDkim, judgeDmarc, judgeSpf, type RecordVerdict } from '#core/delivery/domain-records.ts'
import { providerKinds } from '#core/delivery/providers/kinds.ts'
import { openProvider } from '../channel-providers.ts'
import type { Ctx } from '../context.ts'
import { InputError } from '../http/errors.ts'
import { readSetting } from '../settings.ts'
import { one } from './providers.ts'

/** TXT records of a name; [] when there are none. Throws when it cannot be asked. */
export type TxtLookup = (name: string) => Promise<string[]>

const timeoutMs = 3_000

/**
 * Looks the records of the sender's domain up as receivers will. Where no name server answers, the outcome is
 * `unreachable`: that is a fact about this machine, not about the domain.
 */
export async function checkDomain(
  ctx: Ctx,
  providerId: string,
  lookUp: TxtLookup = dnsLookup,
): Promise<z.input<typeof channels.checkProvider.reply>> {
  const provider = await one(ctx.pool, providerId)
  if (provider.channel !== 'email')
    throw new InputError([{ path: 'params.id', message: 'Only providers of email have a domain to check.' }])
  const { from_email: sender } = await readSetting(ctx.pool, 'shop')
  const domain = sender.slice(sender.indexOf('@') + 1).toLowerCase()
  const kind = providerKinds[provider.kind]
  const config = openProvider(ctx.config, provider)
  const sending = typeof config['domain'] === 'string' ? config['domain'] : domain
  const ask = async (
    id: string,
    what: string,
    name: string,
    judge: (records: string[]) => RecordVerdict,
  ): Promise<Check> => {
    try {
      return { id, what, ...judge(await lookUp(name)) }
    } catch {
      return {
        id,
        what,
        outcome: 'unreachable',
        detail: `${name} cannot be looked up from here: no name server answered. Check it from another machine.`,
        found: null,
      }
    }
  }
  return {
    domain,
    checks: await Promise.all([
      ask('spf', `SPF of ${sending}`, sending, (r) => judgeSpf(r, kind.spfInclude)),
      dkim(),
      ask('dmarc', `DMARC of ${domain}`, `_dmarc.${domain}`, (r) => judgeDmarc(r, domain)),
    ]),
  }

  // Our own key can be compared; of a provider's we only know where it usually is.
  async function dkim(): Promise<Check> {
    const { dkim_selector: own, dkim_domain: signs, dkim_private_key: key } = config
    if (typeof own === 'string' && typeof signs === 'string' && typeof key === 'string') {
      const name = `${own}._domainkey.${signs}`
      const found = await ask('dkim', `DKIM key ${name}`, name, (r) => judgeDkim(r, own, publicKeyOf(key)))
      if (found.outcome === 'ok' && !isAligned(domain, signs))
        return {
          ...found,
          outcome: 'warning',
          detail: `It signs as ${signs}, but the sender is at ${domain}: DMARC wants them to belong together.`,
        }
      return found
    }
    const tried: Check[] = []
    for (const selector of kind.dkimSelectors) {
      const name = `${selector}._domainkey.${sending}`
      tried.push(await ask('dkim', `DKIM key ${name}`, name, (r) => judgeDkim(r, selector, null)))
      if (tried.at(-1)!.outcome !== 'missing') return tried.at(-1)!
    }
    return {
      id: 'dkim',
      what: `DKIM of ${sending}`,
      outcome: 'warning',
      detail:
        tried.length > 0
          ? `No key was found where ${kind.name} usually has it (${kind.dkimSelectors.join(', ')}). See whether its console calls the domain verified.`
          : 'The name of its DKIM key is not known here. See whether its console calls the domain verified.',
      found: null,
    }
  }
}

/** Relaxed alignment, by the registrable part as far as it can be told without a list: one is the other or below it. */
function isAligned(a: string, b: string): boolean {
  return a === b || a.endsWith(`.${b}`) || b.endsWith(`.${a}`)
}

/** What belongs into p= of the DNS record of a private key; null when the key cannot be read. */
function publicKeyOf(privateKey: string): string | null {
  try {
    const der = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
    // Ed25519 records hold the 32 bytes of the key alone (RFC 8463 §3).
    const isEd25519 = createPublicKey(privateKey).asymmetricKeyType === 'ed25519'
    return (isEd25519 ? der.subarray(-32) : der).toString('base64')
  } catch {
    return null
  }
}

async function dnsLookup(name: string): Promise<string[]> {
  const resolver = new Resolver({ timeout: timeoutMs, tries: 1 })
  const timer = setTimeout(() => resolver.cancel(), timeoutMs + 500)
  try {
    return (await resolver.resolveTxt(name)).map((parts) => parts.join(''))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENODATA' && code !== 'ENOTFOUND') throw error
    // A machine without the internet says "no such name" of everything; then of .com, too.
    await resolver.resolveNs('com')
    return []
  } finally {
    clearTimeout(timer)
  }
}
