/** What a published record says about mail of a domain. */
export interface RecordVerdict {
  outcome: 'ok' | 'warning' | 'missing' | 'wrong'
  detail: string
  found: string | null
}

/** Judges the TXT records of a domain as SPF (RFC 7208). `include`: what the provider asks to be included. */
export function judgeSpf(records: readonly string[], include: string | null): RecordVerdict {
  const spf = records.filter((r) => /^v=spf1(\s|$)/i.test(r.trim()))
  if (spf.length === 0)
    return {
      outcome: include ? 'missing' : 'warning',
      detail: include
        ? `There is no SPF record. Add the TXT record: v=spf1 include:${include} ~all`
        : 'There is no SPF record. Receivers cannot see which servers may send for this domain.',
      found: null,
    }
  if (spf.length > 1)
    return {
      outcome: 'wrong',
      detail: 'There are two SPF records, which counts as none. Join them into one.',
      found: spf.join(' | '),
    }
  const found = spf[0]!
  const terms = found.toLowerCase().split(/\s+/)
  const lookups = terms.filter((t) => /^[+~?-]?(include:|a\b|mx\b|ptr\b|exists:|redirect=)/.test(t)).length
  if (terms.some((t) => t === '+all' || t === 'all'))
    return { outcome: 'wrong', detail: 'It ends with +all, so everybody may send in your name. Use ~all.', found }
  if (lookups > 10)
    return { outcome: 'wrong', detail: `It needs ${lookups} look-ups; receivers stop at ten and fail it.`, found }
  if (include && !terms.some((t) => t.replace(/^[+~?-]/, '') === `include:${include}`))
    return {
      outcome: 'warning',
      detail: `It does not name include:${include}. That is fine only if the provider sends from a domain of its own.`,
      found,
    }
  return { outcome: 'ok', detail: 'Receivers can check which servers may send.', found }
}

/** Judges the TXT record of a DKIM selector (RFC 6376 §3.6.1). `publicKey`: base64 of the key we sign with, if we do. */
export function judgeDkim(records: readonly string[], selector: string, publicKey: string | null): RecordVerdict {
  const key = records.find((r) => /(^|;)\s*p=/i.test(r))
  if (!key) return { outcome: 'missing', detail: `There is no key at ${selector}._domainkey. Publish it.`, found: null }
  const p = /(?:^|;)\s*p=\s*([A-Za-z0-9+/=\s]*)/i.exec(key)?.[1]?.replace(/\s/g, '') ?? ''
  if (p === '') return { outcome: 'wrong', detail: 'The key is revoked (p= is empty). Publish a new one.', found: key }
  if (publicKey && p !== publicKey)
    return {
      outcome: 'wrong',
      detail: 'The published key is not that of the private key here: every signature will fail.',
      found: key,
    }
  // An RSA-1024 key has 216 characters in base64, RSA-2048 has 392, Ed25519 has 44.
  if (p.length < 380 && p.length > 60)
    return { outcome: 'warning', detail: 'The key is shorter than 2048 bits.', found: key }
  return { outcome: 'ok', detail: 'The key is published.', found: key }
}

/** Judges the TXT records at _dmarc (RFC 7489). Bulk senders need one, at least p=none. */
export function judgeDmarc(records: readonly string[], domain: string): RecordVerdict {
  const dmarc = records.filter((r) => /^v=DMARC1(\s|;|$)/i.test(r.trim()))
  if (dmarc.length === 0)
    return {
      outcome: 'missing',
      detail: `There is no DMARC record, and Gmail and Yahoo want one from bulk senders. Add at _dmarc.${domain}: v=DMARC1; p=none; rua=mailto:dmarc@${domain}`,
      found: null,
    }
  if (dmarc.length > 1)
    return { outcome: 'wrong', detail: 'There are two DMARC records, which counts as none.', found: dmarc.join(' | ') }
  const found = dmarc[0]!
  const policy = /(?:^|;)\s*p\s*=\s*(none|quarantine|reject)\b/i.exec(found)?.[1]?.toLowerCase()
  if (!policy) return { outcome: 'wrong', detail: 'It has no policy p=none, quarantine or reject.', found }
  return {
    outcome: 'ok',
    detail:
      policy === 'none'
        ? 'It is published; with p=none receivers report but do not act.'
        : `It is published: mail that fails is ${policy === 'reject' ? 'refused' : 'put into spam'}.`,
    found,
  }
}
