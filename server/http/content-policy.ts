import { createHash } from 'node:crypto'

type Directives = Record<string, readonly string[]>

const text = (directives: Directives): string =>
  Object.entries(directives)
    .map(([name, sources]) => `${name} ${sources.join(' ')}`)
    .join('; ')

const common: Directives = {
  'default-src': ["'self'"],
  'script-src': ["'self'"],
  'script-src-attr': ["'none'"],
  'style-src': ["'self'"],
  'img-src': ["'self'", 'data:'],
  'font-src': ["'self'"],
  'connect-src': ["'self'", 'ws:', 'wss:'],
  'frame-src': ["'self'"],
  'object-src': ["'none'"],
  'base-uri': ["'none'"],
  'form-action': ["'self'"],
  'frame-ancestors': ["'none'"],
}

/** For every answer that says nothing else. */
export const strictPolicy = text(common)

/**
 * For the page of the UI. Its libraries make <style> elements, which carry the nonce of this one answer; so do those of mails
 * in preview frames, which inherit the policy. Attributes stay free for these mails: they live by `style="…"`, and React
 * itself sets styles through the DOM, which no policy touches.
 */
export function uiPolicy(nonce: string): string {
  return text({ ...common, 'style-src': ["'self'", `'nonce-${nonce}'`], 'style-src-attr': ["'unsafe-inline'"] })
}

/**
 * For a page that customers see: its one <style> by its digest, and nothing else.
 * @param frames who may show it in a frame
 */
export function publicPagePolicy(html: string, frames: readonly string[] = ["'none'"]): string {
  const own = /<style>([^]*?)<\/style>/.exec(html)?.[1] ?? ''
  return text({
    'default-src': ["'none'"],
    'script-src': ["'self'"],
    'style-src': [`'sha256-${createHash('sha256').update(own).digest('base64')}'`],
    'img-src': ["'self'"],
    'form-action': ["'self'"],
    'base-uri': ["'none'"],
    'frame-ancestors': frames,
  })
}
