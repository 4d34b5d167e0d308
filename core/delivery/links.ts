/** An address in a template that will be counted; `source` may hold Liquid over `store` only. */
export interface TrackedLink {
  /** name of the hole: `_link.<name>` */
  name: string
  source: string
}

const href = /(<a\b[^>]*?\bhref=)(["'])([^"']*)\2/gi

/**
 * Turns the http(s) addresses of a compiled template into holes, once per template version: per recipient only a
 * token is spliced in. Addresses that depend on the recipient, mailto and tel stay as they are.
 */
export function extractLinks(html: string): { html: string; links: TrackedLink[] } {
  const links = new Map<string, TrackedLink>()
  const rewritten = html.replace(href, (whole, before: string, quote: string, target: string) => {
    const source = target.replaceAll('&amp;', '&').trim()
    if (!isTrackable(source)) return whole
    let link = links.get(source)
    if (!link) links.set(source, (link = { name: `l${links.size}`, source }))
    return `${before}${quote}{{ _link.${link.name} }}${quote}`
  })
  return { html: rewritten, links: [...links.values()] }
}

/** One pixel before the end of the page, for counting opens. */
export const openPixel =
  '<img src="{{ _link.open }}" width="1" height="1" alt="" style="display:block;border:0;width:1px;height:1px;">'

// One address for all recipients of a store: plain, or built from the store's own facts.
function isTrackable(source: string): boolean {
  const holes = source.match(/\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}/g) ?? []
  if (holes.some((hole) => !/^\{\{-?\s*store\.[a-z_]+\s*(\|\s*safe_url\s*)?-?\}\}$/.test(hole))) return false
  return /^https?:\/\//i.test(source) || /^\{\{-?\s*store\.url\b/.test(source)
}
