import { blocksText, newBody, type Block } from '#core/delivery/blocks.ts'

/** What a starter email says; the frame gives it its plain, letter-like look. */
export interface Letter {
  heading: string
  /** paragraphs before and after the offer; Liquid and inline HTML */
  opening: string[]
  closing?: string[]
  showsOffer: boolean
  productsTitle: string | null
  button: string
}

/** The heading and the last paragraph before the offer make room for the words a plan brings. */
function blocksOf({ heading, opening, closing = [], showsOffer, productsTitle, button }: Letter): Block[] {
  const text = (html: string, planned: boolean): Block => ({ kind: 'text', html, planned })
  return [
    { kind: 'heading', html: heading, planned: true },
    ...opening.map((html, i) => text(html, i === opening.length - 1)),
    ...(showsOffer ? [{ kind: 'offer' } as const] : []),
    ...(productsTitle ? [{ kind: 'products', title: productsTitle } as const] : []),
    ...closing.map((html) => text(html, false)),
    { kind: 'button', label: button, href: '{{ store.url }}' },
  ]
}

/** MJML of a letter. */
export function letterMjml(letter: Letter): string {
  return newBody(blocksOf(letter))
}

/** The same letter as plain text. */
export function letterText(letter: Letter): string {
  return blocksText(blocksOf(letter))
}
