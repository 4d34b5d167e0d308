import type { Overview } from '#contract/reports.ts'
import type { Sheet } from '#core/analytics/sheet.ts'
import { formatCents } from '#core/money.ts'
import type { ReportFile } from './sheets.ts'
import { dayWords, shown } from './words.ts'

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** The report on paper: what a browser prints to PDF, and what the scheduled email shows. No script, nothing loaded. */
export function htmlOf(file: ReportFile, shopName: string, series: Overview['series'] | null): string {
  const { head } = file
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escape(file.title)}</title><style>
@page { size: A4; margin: 14mm }
body { font: 12px/17px 'Helvetica Neue', Arial, sans-serif; color: #13211b; margin: 0 }
h1 { font-size: 21px; line-height: 26px; margin: 0 0 2px } h2 { font-size: 14px; margin: 20px 0 6px }
p { margin: 0 0 6px } .quiet { color: #4a5b53 }
.verdict { border-left: 4px solid #e2a33b; padding: 6px 10px; background: #f3f6f4; margin: 12px 0 }
table { border-collapse: collapse; width: 100% } th, td { padding: 4px 6px; border-bottom: 1px solid #d3dcd7; text-align: right; vertical-align: top }
th { font-size: 11px; color: #4a5b53; text-align: right } th.t, td.t { text-align: left } thead { display: table-header-group } tr { break-inside: avoid }
</style></head><body>
<p class="quiet">${escape(shopName)}</p><h1>${escape(file.title)}</h1>
<p class="quiet">${dayWords(head.from)} to ${dayWords(head.to)}, ${escape(head.time_zone)} · ${escape(head.comparison.words)}</p>
${file.verdict ? `<p class="verdict">${escape(file.verdict)}</p>` : ''}
${series && series.length > 1 ? chart(series, head.currency) : ''}
${file.sheets.map((s) => table(s, head.currency, head.time_zone, file.sheets.length > 1)).join('\n')}
</body></html>`
}

function table({ name, columns, rows }: Sheet, currency: string, zone: string, named: boolean): string {
  const side = (i: number): string => (columns[i]!.kind === 'text' || columns[i]!.kind === 'day' ? ' class="t"' : '')
  return `${named ? `<h2>${escape(name)}</h2>` : ''}<table><thead><tr>${columns.map((c, i) => `<th scope="col"${side(i)}>${escape(c.label)}</th>`).join('')}</tr></thead><tbody>
${rows.map((row) => `<tr>${row.map((v, i) => `<td${side(i)}>${escape(shown(v, columns[i]!.kind, currency, zone))}</td>`).join('')}</tr>`).join('\n')}</tbody></table>`
}

/** Revenue by day as a line with its comparison dashed; straight segments, from zero. */
function chart(series: Overview['series'], currency: string): string {
  const [width, height, left] = [660, 150, 62]
  const top = Math.max(1, ...series.flatMap((d) => [d.revenue_cents, d.previous_revenue_cents]))
  const x = (i: number): number => left + (i / (series.length - 1)) * (width - left - 6)
  const y = (v: number): number => 8 + (1 - v / top) * (height - 30)
  const line = (of: (d: Overview['series'][number]) => number): string =>
    series.map((d, i) => `${i === 0 ? 'M' : 'L'}${x(i).toFixed(1)} ${y(of(d)).toFixed(1)}`).join('')
  return `<h2>Revenue by day</h2><svg viewBox="0 0 ${width} ${height}" width="100%" role="img" aria-label="Revenue by day">
${[0, 0.5, 1].map((s) => `<path d="M${left} ${y(s * top)}H${width - 6}" stroke="#d3dcd7"/><text x="${left - 6}" y="${y(s * top) + 4}" font-size="10" fill="#4a5b53" text-anchor="end">${escape(formatCents(Math.round(s * top), currency).replace(/\.\d\d$/, ''))}</text>`).join('')}
<path d="${line((d) => d.previous_revenue_cents)}" fill="none" stroke="#697475" stroke-dasharray="5 4"/><path d="${line((d) => d.revenue_cents)}" fill="none" stroke="#00653d" stroke-width="2"/>
<text x="${left}" y="${height - 6}" font-size="10" fill="#4a5b53">${dayWords(series[0]!.day)}</text><text x="${width - 6}" y="${height - 6}" font-size="10" fill="#4a5b53" text-anchor="end">${dayWords(series.at(-1)!.day)}</text></svg>`
}
