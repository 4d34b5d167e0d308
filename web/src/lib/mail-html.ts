import { styleNonce } from './nonce.ts'

// Lightness is turned round and the hue turned back, pictures stay: what Gmail and Outlook do to a mail in dark mode.
const darkened =
  'html{background:#fff;filter:invert(.92) hue-rotate(180deg)}img,video{filter:invert(1) hue-rotate(180deg)}'

/** The message as a frame can show it: every link opens beside the app, and nothing else is changed. */
export function framedHtml(html: string, dark = false): string {
  // The frame inherits our policy, and so does the parser: styles say at once that we let them through.
  const known = html.replace(/<style(?=[\s>])/gi, `<style nonce="${styleNonce}"`)
  const page = new DOMParser().parseFromString(known, 'text/html')
  for (const link of page.querySelectorAll('a[href]')) {
    link.setAttribute('target', '_blank')
    link.setAttribute('rel', 'noopener')
  }
  const base = page.createElement('base')
  base.target = '_blank'
  page.head.prepend(base)
  if (dark) {
    const style = page.createElement('style')
    style.setAttribute('nonce', styleNonce)
    style.textContent = darkened
    page.head.append(style)
  }
  return `<!doctype html>${page.documentElement.outerHTML}`
}
