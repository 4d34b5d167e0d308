import type { Pool } from 'pg'
import { readSetting } from './settings.ts'

/** Text for HTML: element content and quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
}

/** What customers see of the shop on every public page (docs/decisions/0002). */
export interface Face {
  shop: string
  /** #RRGGBB */
  color: string
  /** name on the licence, address, licence number; null while the shop has no store */
  imprint: string | null
}

export interface Page {
  face: Face
  title: string
  /** trusted HTML, made of escaped parts */
  body: string
  /** inside somebody else's page: no frame of its own, no heading of the shop */
  embedded?: boolean
}

/** The face of the shop, with the imprint of the store that is meant, or of the first. */
export async function readFace(pool: Pool, storeId: string | null = null): Promise<Face> {
  const [shop, { rows }] = await Promise.all([
    readSetting(pool, 'shop'),
    pool.query<{
      legal_name: string
      address: string
      city: string
      state: string
      zip: string
      licence_number: string | null
    }>(
      `select s.legal_name, s.address, s.city, s.state, s.zip, s.licence_number from stores as s order by s.id = $1::uuid desc nulls last, s.id limit 1`,
      [storeId],
    ),
  ])
  const store = rows[0]
  return {
    shop: shop.name,
    color: shop.brand_color,
    imprint: store
      ? `${store.legal_name}, ${store.address}, ${store.city}, ${store.state} ${store.zip}${store.licence_number ? ` · Licence ${store.licence_number}` : ''}`
      : null,
  }
}

/** Relative luminance of WCAG 2.2 (sRGB, 0..1). */
function luminance(color: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const c = Number.parseInt(color.slice(at, at + 2), 16) / 255
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

/** Black or white, whichever reads better on the colour: at least 4.58 to 1 on any. */
export function textOn(color: string): string {
  const l = luminance(color)
  return 1.05 / (l + 0.05) >= (l + 0.05) / 0.05 ? '#ffffff' : '#000000'
}

// Tokens of the design (facts ui.md §3); no font, no picture: it works in any mail program's browser.
const style = `
:root{color-scheme:light dark;--bg:#F3F6F4;--surface:#fff;--ink:#13211B;--ink2:#4A5B53;--line:#D3DCD7;--strong:#74867D;--good:#17613F;--goodbg:#DDF0E5;--risk:#8E1F3A;--riskbg:#FAE3E7;--focus:#1B4F9C}
@media (prefers-color-scheme:dark){:root{--bg:#0B1310;--surface:#121C18;--ink:#E7EFEB;--ink2:#A2B4AB;--line:#293832;--strong:#6F8379;--good:#74D3A4;--goodbg:#13301F;--risk:#F394A8;--riskbg:#3A1820;--focus:#8FB9F6}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:24px 16px;background:var(--bg);color:var(--ink);font:16px/1.5 Archivo,system-ui,-apple-system,"Segoe UI",sans-serif}
main{width:100%;max-width:480px;background:var(--surface);border:1px solid var(--line);border-top:4px solid var(--brand);border-radius:5px;padding:28px 28px 24px}
body.embedded{display:block;min-height:0;padding:0;background:transparent}
body.embedded main{max-width:none;border-radius:0}
.shop{margin:0 0 20px;color:var(--ink2);font-size:14px;font-weight:600}
h1{margin:0 0 12px;font-size:24px;line-height:1.25;font-weight:600;letter-spacing:-.015em;overflow-wrap:anywhere}
h2,legend{margin:0 0 4px;padding:0;font-size:16px;font-weight:600}
p{margin:0 0 16px;overflow-wrap:anywhere}.small{color:var(--ink2);font-size:14px}
.done{background:var(--goodbg);color:var(--good);padding:10px 14px;border-radius:4px;font-weight:600}
.bad{background:var(--riskbg);color:var(--risk);padding:10px 14px;border-radius:4px}.bad a{color:inherit}
.fault{display:block;color:var(--risk);font-size:14px;margin-top:4px}
button{font:inherit;font-weight:600;min-height:44px;padding:9px 18px;border-radius:4px;border:1px solid var(--brand);background:var(--brand);color:var(--on-brand);cursor:pointer}
button.quiet{background:transparent;color:var(--ink);border-color:var(--strong)}
a{color:var(--focus)}
button:focus-visible,input:focus-visible,select:focus-visible,a:focus-visible{outline:3px solid var(--focus);outline-offset:2px}
.tick{display:flex;gap:12px;align-items:flex-start;padding:14px 0;border-top:1px solid var(--line);cursor:pointer}
.ticks .tick:last-of-type{border-bottom:1px solid var(--line);margin-bottom:20px}
input[type=checkbox],input[type=radio]{flex:none;width:24px;height:24px;margin:0;accent-color:var(--brand)}
.tick b{display:block}.tick span span{color:var(--ink2);font-size:14px}
.small-ticks .tick{padding:8px 0;border:0}.small-ticks{margin:0 0 20px}
fieldset{border:0;margin:0 0 8px;padding:0;min-width:0}
.field{margin:0 0 16px}.field>label,.field>span.label{display:block;font-weight:600;margin:0 0 4px}
.field input,.field select{width:100%;min-height:44px;padding:8px 12px;font:inherit;color:var(--ink);background:var(--surface);border:1px solid var(--strong);border-radius:4px}
.field input[aria-invalid]{border-color:var(--risk)}
.day{display:grid;grid-template-columns:1fr 1fr 1.4fr;gap:12px}.day label{display:block;font-size:14px;color:var(--ink2)}
.trap{position:absolute;left:-9999px;width:1px;height:1px;overflow:hidden}
.small.below{margin:16px 0 0}.small.above{margin:0 0 8px}
form{margin:0}hr{border:0;border-top:1px solid var(--line);margin:20px 0}
.imprint{margin:20px 0 0;color:var(--ink2);font-size:13px}
@media (forced-colors:active){main,button{border:1px solid}}
@media (max-width:400px){main{padding:22px 18px}button{width:100%}}`

/** A whole page: one question or one answer, in the shop's name and colour. Works without JavaScript. */
export function renderPage({ face, title, body, embedded = false }: Page): string {
  const brand = /^#[0-9a-f]{6}$/i.test(face.color) ? face.color : '#17553F'
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<title>${escapeHtml(title)} - ${escapeHtml(face.shop)}</title>
<style>:root{--brand:${brand};--on-brand:${textOn(brand)}}${style}</style>
</head>
<body${embedded ? ' class="embedded"' : ''}>
<main>
${embedded ? '' : `<p class="shop">${escapeHtml(face.shop)}</p>\n`}<h1>${escapeHtml(title)}</h1>
${body}
${face.imprint ? `<p class="imprint">${escapeHtml(face.imprint)}</p>` : ''}
</main>
${embedded ? '<script src="/s/frame.js" defer></script>\n' : ''}</body>
</html>
`
}
