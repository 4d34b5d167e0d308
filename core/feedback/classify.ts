/** One request to a tracking address. */
export interface Hit {
  kind: 'open' | 'click'
  method: string
  userAgent: string | null
  at: Date
  /** null: our own "sent" is not written yet, so the hit came at once */
  sentAt: Date | null
  /** other links of the same message that were fetched within `burstMs` before this one */
  otherLinksJustNow: number
}

/** true: a scanner or a mail proxy; false: a person; null: cannot be told. True is kept but never counted. */
export interface HitClass {
  machine: boolean | null
  because: string
}

/** Nobody reads a message in the first seconds after it left us: what comes then is a scanner or a prefetch. */
export const tooSoonMs = 5_000
/** Two links of one message within this time are followed by software, not by a finger. */
export const burstMs = 2_000

// Security gateways that fetch links before delivery, and generic robots (facts/messaging.md §3).
const scanners =
  /safelinks|barracuda|proofpoint|urldefense|mimecast|fireeye|trellix|symantec|messagelabs|forcepoint|sophos|trend ?micro|zscaler|cloudmark|ironport|paloalto|avast|bitdefender|microsoft office existence|headlesschrome|phantomjs|\b(bot|crawler|spider|scanner|preview|monitor)\b|bot\/|curl\/|wget\/|python-|go-http-client|java\/|okhttp|libwww|axios|node-fetch|undici/i
/** Apple Mail Privacy Protection prefetches every picture at delivery and sends only this. */
const applePrefetch = /^Mozilla\/5\.0$/
/** Fetches the picture when the person opens, but also caches: it hides who and how often. */
const openProxies = /GoogleImageProxy|ggpht\.com|YahooMailProxy|Outlook-?Proxy|DuckDuckGo/i

/** Tells people from software by method, time and user agent. Deliberately unsure where the sources are. */
export function classifyHit(hit: Hit): HitClass {
  if (hit.method.toUpperCase() === 'HEAD') return { machine: true, because: 'HEAD request' }
  const agent = hit.userAgent?.trim() ?? ''
  if (scanners.test(agent)) return { machine: true, because: 'known scanner' }
  if (applePrefetch.test(agent)) return { machine: true, because: 'mail privacy prefetch' }
  if (hit.sentAt === null || hit.at.getTime() - hit.sentAt.getTime() < tooSoonMs)
    return { machine: true, because: 'within 5 seconds of sending' }
  if (hit.kind === 'click' && hit.otherLinksJustNow > 0)
    return { machine: true, because: 'several links within 2 seconds' }
  if (agent === '') return { machine: null, because: 'no user agent' }
  if (openProxies.test(agent)) return { machine: null, because: 'image proxy' }
  return { machine: false, because: 'looks like a person' }
}
