/**
 * An email body as blocks. The MJML text stays the one truth: blocks are read out of it and written back into it, what is
 * around them is kept letter by letter, and what is no block of ours stays a block of code.
 */
export type Block =
  | { kind: 'heading'; html: string; planned: boolean }
  | { kind: 'text'; html: string; planned: boolean }
  | { kind: 'image'; src: string; alt: string; href: string }
  | { kind: 'button'; label: string; href: string }
  | { kind: 'products'; title: string }
  | { kind: 'offer' }
  | { kind: 'divider' }
  | { kind: 'code'; mjml: string }
export type BlockKind = Block['kind']

export interface BlockDocument {
  /** everything before the first block: fonts, colours, the head with the shop's name */
  before: string
  blocks: Block[]
  /** everything after the last one */
  after: string
}

/** Every starter is written with this colour; sending replaces it by the shop's own. */
export const starterColor = '#17553F'

/** What the offer of a message looks like; nothing where there is none. */
export const offerBox = `{% if offer.title %}<div style="border:1px solid #d9d5c9;border-left:4px solid ${starterColor};padding:16px 18px;">
<div style="font-size:19px;line-height:26px;font-weight:700;color:#1f1f1b;">{{ offer.title }}</div>
{% if offer.text %}<div style="padding-top:4px;">{{ offer.text }}</div>{% endif %}
{% if offer.code %}<div style="padding-top:8px;">Say or type <b style="letter-spacing:1px;">{{ offer.code }}</b></div>{% endif %}
{% if offer.ends %}<div style="padding-top:4px;color:#5f5f58;">Until {{ offer.ends }}</div>{% endif %}
</div>{% endif %}`
const productRows = `{% for product in products %}<tr><td style="padding:10px 0;border-bottom:1px solid #ece8dd;">{{ product.name }}</td><td align="right" style="padding:10px 0;border-bottom:1px solid #ece8dd;white-space:nowrap;">{{ product.price }}</td></tr>{% endfor %}`

/** Words of a plan in place of the template's own. */
export function orCopy(part: 'headline' | 'body', words: string): string {
  return `{% if copy.${part} %}{{ copy.${part} }}{% else %}${words}{% endif %}`
}

const indent = '\n        '
const starts = {
  heading:
    '<mj-text font-size="26px" line-height="33px" font-weight="700" padding="12px 28px 4px"><h1 style="margin:0;font-size:26px;line-height:33px;">',
  products: '<mj-text font-weight="700" padding="18px 28px 0">{% if products.size > 0 %}',
}
const tableOpen = '<mj-table font-size="16px" line-height="24px" color="#1f1f1b" padding="4px 28px 8px">'
const divider = '<mj-divider border-width="1px" border-color="#d9d5c9" padding="16px 28px" />'

/** The MJML of one block. */
export function blockMjml(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `${starts.heading}${block.planned ? orCopy('headline', block.html) : block.html}</h1></mj-text>`
    case 'text':
      return `<mj-text>${block.planned ? orCopy('body', block.html) : block.html}</mj-text>`
    case 'image':
      return `<mj-image src="${attribute(block.src)}" alt="${attribute(block.alt)}"${block.href ? ` href="${attribute(block.href)}"` : ''} padding="8px 28px" />`
    case 'button':
      return `<mj-button href="${attribute(block.href)}">${block.label}</mj-button>`
    case 'products':
      return `${starts.products}${block.title}{% endif %}</mj-text>${indent}${tableOpen}${productRows}</mj-table>`
    case 'offer':
      return `<mj-text padding="12px 28px">${offerBox}</mj-text>`
    case 'divider':
      return divider
    case 'code':
      return block.mjml
  }
}

/** The blocks of an email body; null when it is laid out in another way (several columns, sections in between). */
export function readBlocks(mjml: string): BlockDocument | null {
  const columns = [...mjml.matchAll(/<mj-column\b[^>]*>/g)]
  const last = columns.at(-1)
  // The head with the shop's name is a column of its own, or there is none.
  if (!last || columns.length > 2) return null
  const from = last.index + last[0].length
  const to = mjml.indexOf('</mj-column>', from)
  if (to < 0) return null
  const inner = mjml.slice(from, to)
  const elements = split(inner)
  if (!elements) return null
  const before = mjml.slice(0, from)
  const after = /\s*$/.exec(inner)![0] + mjml.slice(to)
  return { before, after, blocks: readAll(elements) }
}

/** The body with other blocks. */
export function writeBlocks({ before, blocks, after }: BlockDocument): string {
  return `${before}${blocks.map((b) => indent + blockMjml(b)).join('')}${blocks.length > 0 ? after : `\n      ${after.trimStart()}`}`
}

/** A body of blocks from nothing. */
export function newBody(blocks: readonly Block[]): string {
  return writeBlocks({ ...frame, blocks: [...blocks] })
}

const frame = {
  before: `<mjml lang="en">
  <mj-head>
    <mj-attributes>
      <mj-all font-family="Helvetica, Arial, sans-serif" />
      <mj-text font-size="16px" line-height="25px" color="#1f1f1b" padding="8px 28px" />
      <mj-button background-color="${starterColor}" color="#ffffff" font-size="16px" font-weight="700" border-radius="4px" inner-padding="13px 26px" padding="16px 28px 28px" align="left" />
    </mj-attributes>
  </mj-head>
  <mj-body background-color="#f4f1ea" width="600px">
    <mj-section padding="28px 0 14px">
      <mj-column><mj-text font-size="18px" font-weight="700" color="${starterColor}">{{ store.name }}</mj-text></mj-column>
    </mj-section>
    <mj-section background-color="#ffffff" padding="20px 0 0">
      <mj-column>`,
  after: `
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>`,
}

/** Elements of a column, in order; null when there is text or Liquid between them, which belongs to no block. */
function split(inner: string): string[] | null {
  const elements: string[] = []
  let at = 0
  const element = /\s*(<(mj-[a-z]+)\b(?:"[^"]*"|[^">])*?(?:\/>|>[\s\S]*?<\/\2>))/y
  for (;;) {
    element.lastIndex = at
    const found = element.exec(inner)
    if (!found) break
    elements.push(found[1]!)
    at = element.lastIndex
  }
  return inner.slice(at).trim() === '' ? elements : null
}

function readAll(elements: readonly string[]): Block[] {
  const blocks: Block[] = []
  for (let i = 0; i < elements.length; i++) {
    const two = `${elements[i]}${indent}${elements[i + 1] ?? ''}`
    const products = readProducts(two)
    if (products) i++
    blocks.push(products ?? readOne(elements[i]!))
  }
  return blocks
}

// Whatever is not written exactly as a block would be written is code: reading never changes a letter.
function readOne(mjml: string): Block {
  const block = guess(mjml)
  return block && blockMjml(block) === mjml ? block : { kind: 'code', mjml }
}

function guess(mjml: string): Block | null {
  if (mjml === blockMjml({ kind: 'offer' })) return { kind: 'offer' }
  if (mjml === divider) return { kind: 'divider' }
  if (mjml.startsWith(starts.heading))
    return { kind: 'heading', ...plannedOf('headline', between(mjml, starts.heading, '</h1></mj-text>')) }
  if (mjml.startsWith('<mj-text>')) {
    const text = plannedOf('body', between(mjml, '<mj-text>', '</mj-text>'))
    return isPlainHtml(text.html) ? { kind: 'text', ...text } : null
  }
  const button = /^<mj-button href="([^"]*)">([^<]*)<\/mj-button>$/.exec(mjml)
  if (button) return { kind: 'button', href: plain(button[1]!), label: button[2]! }
  const image = /^<mj-image src="([^"]*)" alt="([^"]*)"(?: href="([^"]*)")? padding="8px 28px" \/>$/.exec(mjml)
  if (image) return { kind: 'image', src: plain(image[1]!), alt: plain(image[2]!), href: plain(image[3] ?? '') }
  return null
}

function readProducts(two: string): Block | null {
  if (!two.startsWith(starts.products)) return null
  const title = between(two, starts.products, `{% endif %}</mj-text>${indent}${tableOpen}${productRows}</mj-table>`)
  const block: Block = { kind: 'products', title }
  return blockMjml(block) === two ? block : null
}

const between = (text: string, start: string, end: string): string =>
  text.endsWith(end) ? text.slice(start.length, text.length - end.length) : ''

function plannedOf(part: 'headline' | 'body', html: string): { html: string; planned: boolean } {
  const [start, end] = orCopy(part, '\u0000').split('\u0000') as [string, string]
  return html.startsWith(start) && html.endsWith(end)
    ? { html: html.slice(start.length, html.length - end.length), planned: true }
    : { html, planned: false }
}

const attribute = (text: string): string =>
  outside(text, (t) => t.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;'))
const plain = (text: string): string =>
  outside(text, (t) =>
    t
      .replace(/&quot;/g, '"')
      .replace(/&lt;/g, '<')
      .replace(/&gt;/g, '>')
      .replace(/&amp;/g, '&'),
  )

/** Changes what is text, and leaves Liquid as it stands. */
function outside(text: string, change: (text: string) => string): string {
  return text
    .split(/(\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\})/)
    .map((part, i) => (i % 2 === 1 ? part : change(part)))
    .join('')
}

/**
 * What a person types: **bold**, *italic*, [words](address), line breaks, and Liquid as it is. Everything else is text,
 * whatever it looks like.
 */
export function htmlOfText(typed: string): string {
  return outside(typed, (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;'))
    .replace(/\[([^\]\n]+)\]\(((?:https?:\/\/|mailto:|tel:|\{\{)[^)\s"]*(?:\}\})?)\)/g, '<a href="$2">$1</a>')
    .replace(/\*\*([^*\n]+)\*\*/g, '<b>$1</b>')
    .replace(/\*([^*\n]+)\*/g, '<i>$1</i>')
    .replace(/\n/g, '<br />')
}

/** The same back; null for HTML that nobody could have typed so. */
export function textOfHtml(html: string): string | null {
  const typed = outside(
    html
      .replace(/<br ?\/?>/g, '\n')
      .replace(/<b>([^<\n]*)<\/b>/g, '**$1**')
      .replace(/<i>([^<\n]*)<\/i>/g, '*$1*')
      .replace(/<a href="([^"]*)">([^<\n]*)<\/a>/g, '[$2]($1)'),
    (text) => text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&'),
  )
  return htmlOfText(typed) === html ? typed : null
}

const isPlainHtml = (html: string): boolean => textOfHtml(html) !== null

/** The blocks as plain text, for mail programs without HTML. Code has no words of its own. */
export function blocksText(blocks: readonly Block[]): string {
  const bare = (html: string): string =>
    (textOfHtml(html) ?? html.replace(/<[^>]+>/g, ''))
      .replace(/\*\*([^*\n]+)\*\*/g, '$1')
      .replace(/\*([^*\n]+)\*/g, '$1')
      .replace(/\[([^\]\n]+)\]\(([^)\s]*)\)/g, '$1 ($2)')
      .replaceAll('&rsquo;', '’')
  const part = (block: Block): string => {
    switch (block.kind) {
      case 'heading':
        return block.planned ? orCopy('headline', bare(block.html)) : bare(block.html)
      case 'text':
        return block.planned ? orCopy('body', bare(block.html)) : bare(block.html)
      case 'image':
        return block.alt
      case 'button':
        return `${bare(block.label)}: ${block.href}`
      case 'products':
        return `{% if products.size > 0 %}${bare(block.title)}{% for product in products %}
- {{ product.name }}{% if product.price %}, {{ product.price }}{% endif %}{% endfor %}{% endif %}`
      case 'offer':
        return `{% if offer.title %}{{ offer.title }}{% if offer.text %}
{{ offer.text }}{% endif %}{% if offer.code %}
Say or type {{ offer.code }}{% endif %}{% if offer.ends %}
Until {{ offer.ends }}{% endif %}{% endif %}`
      case 'divider':
        return '---'
      case 'code':
        return ''
    }
  }
  return blocks.map(part).filter(Boolean).join('\n\n')
}
