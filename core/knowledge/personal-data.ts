import { formatCents } from '../money.ts'

export interface PersonalDataFile {
  format: 'liquor-agent/personal-data/1'
  /** ISO 8601, UTC */
  made_at: string
  shop: { name: string; legal_name: string | null; contact: string | null; currency: string }
  /** whom messages went through; they were told the address */
  recipients: string[]
  tables: { table: string; title: string; rows: Record<string, unknown>[] }[]
}

const escape = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')

/** The page that a person reads: no script, nothing loaded, every value as text. */
export function personalDataPage(file: PersonalDataFile): string {
  const { shop } = file
  const filled = file.tables.filter((t) => t.rows.length > 0)
  const empty = file.tables.filter((t) => t.rows.length === 0)
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>Your data at ${escape(shop.name)}</title><style>
body { font: 15px/1.5 system-ui, sans-serif; color: #13211b; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { line-height: 1.2 } h2 { margin: 2.5rem 0 .5rem; font-size: 1.15rem } p, li { max-width: 44rem }
.wide { overflow-x: auto } table { border-collapse: collapse; font-size: .85rem; margin-bottom: 1rem }
th, td { text-align: left; vertical-align: top; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid #d3dcd7; overflow-wrap: anywhere; max-width: 24rem }
th { color: #4a5b53; font-weight: 600; white-space: nowrap } nav { columns: 2 }
@media (prefers-color-scheme: dark) { body { background: #0f1613; color: #e6ece9 } th { color: #a9b8b0 } th, td { border-color: #2c3833 } a { color: #7fd1a8 } }
</style></head><body>
<h1>Your data at ${escape(shop.name)}</h1>
<p>Everything that ${escape(shop.legal_name ?? shop.name)} keeps of you, as of ${escape(moment(file.made_at))}. The file <b>data.json</b> beside this one holds the same for machines.</p>
<h2>What it is used for</h2>
<ul>
<li>Purchases come from our tills and web shop. From them we compute what may interest you, how often you buy and which offer may suit you; that is how messages are chosen. Nobody is refused anything, and no price is set for you alone, by a machine.</li>
<li>Messages are sent only with your consent, to adults, within the hours and limits of the law. You can take consent back at any time by the link in every email or by answering STOP.</li>
<li>${file.recipients.length > 0 ? `Messages go through ${escape(file.recipients.join(', '))}; they get your address and the message.` : 'Your addresses were given to no provider.'} Your data are not sold.</li>
<li>Messages and what became of them are kept for 25 months, proof of consent for 5 years, purchases until you ask us to erase them.</li>
<li>You may ask us to correct or erase all this, to stop, or to hand it to somebody else, and you may complain to an authority.${shop.contact ? ` Write to ${escape(shop.contact)}.` : ''}</li>
</ul>
<h2>Contents</h2><nav><ul>${filled.map((t) => `<li><a href="#${t.table}">${escape(t.title)}</a> (${t.rows.length})</li>`).join('')}</ul></nav>
${filled.map((t) => section(t, shop.currency)).join('\n')}
${empty.length > 0 ? `<h2>Nothing is kept under</h2><p>${empty.map((t) => escape(t.title)).join(' · ')}</p>` : ''}
</body></html>
`
}

function section({ table, title, rows }: PersonalDataFile['tables'][number], currency: string): string {
  // Only what is said anywhere becomes a column; a record of one is read downwards.
  const names = [...new Set(rows.flatMap((row) => Object.keys(row).filter((k) => !isEmpty(row[k]))))]
  const cell = (row: Record<string, unknown>, name: string): string => escape(shown(name, row[name], currency))
  const body =
    rows.length === 1
      ? names.map((n) => `<tr><th scope="row">${escape(label(n))}</th><td>${cell(rows[0]!, n)}</td></tr>`).join('\n')
      : `<tr>${names.map((n) => `<th scope="col">${escape(label(n))}</th>`).join('')}</tr>\n${rows
          .map((row) => `<tr>${names.map((n) => `<td>${cell(row, n)}</td>`).join('')}</tr>`)
          .join('\n')}`
  return `<h2 id="${table}">${escape(title)}</h2><div class="wide"><table>${body}</table></div>`
}

const isEmpty = (value: unknown): boolean =>
  value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)

function label(name: string): string {
  const words = name.replace(/_cents$/, '').replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

function shown(name: string, value: unknown, currency: string): string {
  if (isEmpty(value)) return ''
  if (typeof value === 'number' && name.endsWith('_cents')) return formatCents(value, currency)
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (Array.isArray(value)) return value.map((v) => shown(name, v, currency)).join(', ')
  if (typeof value === 'object') return JSON.stringify(value)
  const text = String(value)
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? moment(text) : text
}

/** An instant in UTC, to the minute. */
const moment = (iso: string): string => `${new Date(iso).toISOString().slice(0, 16).replace('T', ' ')} UTC`
