/** The store a message speaks for; without a postal address nothing may be sent (CAN-SPAM, 15 U.S.C. 7704(a)(5)). */
export interface StoreFacts {
  name: string
  legal_name: string
  address: string
  city: string
  state: string
  zip: string
  licence_number: string | null
  phone: string | null
  url: string
}

// Liquid over `store`, `_link` and the terms the law wants beside an offer: shops cannot edit it, and facts with braces in them stay text.
export const footerHtml = `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr><td align="center" style="padding:24px 20px 32px;font-family:Helvetica,Arial,sans-serif;font-size:12px;line-height:18px;color:#5f5f58;">
{% if offer.terms %}<p style="margin:0 0 8px;">{{ offer.terms }}</p>
{% endif %}<p style="margin:0 0 8px;">{{ store.legal_name }}, {{ store.address }}, {{ store.city }}, {{ store.state }} {{ store.zip }}</p>
<p style="margin:0 0 8px;">21+ &middot; please drink responsibly{% if store.licence_number %} &middot; Licence {{ store.licence_number }}{% endif %}</p>
<p style="margin:0;">You get this because you asked for offers from {{ store.name }}.<br><a href="{{ _link.unsubscribe }}" style="color:#5f5f58;">Unsubscribe</a> &middot; <a href="{{ _link.preferences }}" style="color:#5f5f58;">Choose what you get</a></p>
</td></tr></table>`

export const footerText = `

--
{% if offer.terms %}{{ offer.terms }}
{% endif %}{{ store.legal_name }}, {{ store.address }}, {{ store.city }}, {{ store.state }} {{ store.zip }}
21+ · please drink responsibly{% if store.licence_number %} · Licence {{ store.licence_number }}{% endif %}
You get this because you asked for offers from {{ store.name }}.
Unsubscribe: {{ _link.unsubscribe }}
Choose what you get: {{ _link.preferences }}
`

/** Puts the locked footer, and whatever must follow it, at the end of a compiled HTML page. */
export function withFooter(html: string, after = ''): string {
  const end = html.search(/<\/body\s*>/i)
  return end < 0 ? html + footerHtml + after : html.slice(0, end) + footerHtml + after + html.slice(end)
}

/** Brand in front and the way out behind: what every marketing text owes its reader. */
export function frameSms(source: string): string {
  return `{{ store.name }}: ${source.trim()}{% if offer.terms %} {{ offer.terms }}{% endif %} 21+. Reply STOP to opt out`
}
