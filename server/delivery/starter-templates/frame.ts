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

/** Every starter is written with this colour; sending replaces it by the shop's own. */
export const starterColor = '#17553F'

const offerBox = `{% if offer.title %}<div style="border:1px solid #d9d5c9;border-left:4px solid ${starterColor};padding:16px 18px;">
<div style="font-size:19px;line-height:26px;font-weight:700;color:#1f1f1b;">{{ offer.title }}</div>
{% if offer.text %}<div style="padding-top:4px;">{{ offer.text }}</div>{% endif %}
{% if offer.code %}<div style="padding-top:8px;">Say or type <b style="letter-spacing:1px;">{{ offer.code }}</b></div>{% endif %}
{% if offer.ends %}<div style="padding-top:4px;color:#5f5f58;">Until {{ offer.ends }}</div>{% endif %}
</div>{% endif %}`

const productRows = `{% for product in products %}<tr><td style="padding:10px 0;border-bottom:1px solid #ece8dd;">{{ product.name }}</td><td align="right" style="padding:10px 0;border-bottom:1px solid #ece8dd;white-space:nowrap;">{{ product.price }}</td></tr>{% endfor %}`

const orCopy = (part: 'headline' | 'body', words: string): string =>
  `{% if copy.${part} %}{{ copy.${part} }}{% else %}${words}{% endif %}`

/** The paragraphs before the offer: the last one makes room for the words a plan brings. */
function openingOf({ opening }: Letter): string[] {
  return opening.map((text, i) => (i === opening.length - 1 ? orCopy('body', text) : text))
}

/** MJML of a letter. */
export function letterMjml(letter: Letter): string {
  const paragraphs = (texts: readonly string[]): string =>
    texts.map((t) => `<mj-text>${t}</mj-text>`).join('\n        ')
  return `<mjml lang="en">
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
      <mj-column>
        <mj-text font-size="26px" line-height="33px" font-weight="700" padding="12px 28px 4px"><h1 style="margin:0;font-size:26px;line-height:33px;">${orCopy('headline', letter.heading)}</h1></mj-text>
        ${paragraphs(openingOf(letter))}
        ${letter.showsOffer ? `<mj-text padding="12px 28px">${offerBox}</mj-text>` : ''}
        ${letter.productsTitle ? `<mj-text font-weight="700" padding="18px 28px 0">{% if products.size > 0 %}${letter.productsTitle}{% endif %}</mj-text>\n        <mj-table font-size="16px" line-height="24px" color="#1f1f1b" padding="4px 28px 8px">${productRows}</mj-table>` : ''}
        ${paragraphs(letter.closing ?? [])}
        <mj-button href="{{ store.url }}">${letter.button}</mj-button>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>`
}

/** The same letter as plain text. */
export function letterText(letter: Letter): string {
  const bare = (html: string): string =>
    html
      .replace(/<br\s*\/?>/g, '\n')
      .replace(/<[^>]+>/g, '')
      .replaceAll('&amp;', '&')
      .replaceAll('&rsquo;', '’')
  const parts = [orCopy('headline', bare(letter.heading)), ...openingOf(letter).map(bare)]
  if (letter.showsOffer) {
    parts.push(`{% if offer.title %}{{ offer.title }}{% if offer.text %}
{{ offer.text }}{% endif %}{% if offer.code %}
Say or type {{ offer.code }}{% endif %}{% if offer.ends %}
Until {{ offer.ends }}{% endif %}{% endif %}`)
  }
  if (letter.productsTitle)
    parts.push(`{% if products.size > 0 %}${bare(letter.productsTitle)}{% for product in products %}
- {{ product.name }}{% if product.price %}, {{ product.price }}{% endif %}{% endfor %}{% endif %}`)
  parts.push(...(letter.closing ?? []).map(bare), `${bare(letter.button)}: {{ store.url }}`)
  return parts.join('\n\n')
}
