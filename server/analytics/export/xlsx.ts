import { strToU8, zipSync } from 'fflate'
import type { Sheet, SheetColumn, SheetValue } from '#core/analytics/sheet.ts'

// Cell styles by index: see styles.xml below.
const styleOf: Record<SheetColumn['kind'], number> = {
  text: 0,
  count: 2,
  cents: 3,
  percent: 4,
  number: 5,
  day: 6,
  instant: 7,
}
const styles = `<?xml version="1.0" encoding="UTF-8"?>
<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts count="3"><numFmt numFmtId="164" formatCode="#,##0.00"/><numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd"/><numFmt numFmtId="166" formatCode="yyyy\\-mm\\-dd hh:mm"/></numFmts>
<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>
<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>
<cellXfs count="8">${[0, 0, 3, 164, 164, 2, 165, 166].map((format, i) => `<xf numFmtId="${format}" fontId="${i === 1 ? 1 : 0}" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>`).join('')}</cellXfs></styleSheet>`

/**
 * A workbook of these tables (ECMA-376, strings in the cells). Text stays text: a cell of type inlineStr is never run as a
 * formula, whatever it begins with.
 */
export function xlsxOf(sheets: readonly Sheet[], currency: string): Uint8Array {
  const names = uniqueNames(sheets.map((s) => s.name))
  const files: Record<string, Uint8Array> = {
    '[Content_Types].xml': xml(
      `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>${sheets.map((_, i) => `<Override PartName="/xl/worksheets/sheet${i + 1}.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>`).join('')}</Types>`,
    ),
    '_rels/.rels': xml(
      `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    ),
    'xl/workbook.xml': xml(
      `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>${names.map((n, i) => `<sheet name="${escape(n)}" sheetId="${i + 1}" r:id="rId${i + 1}"/>`).join('')}</sheets></workbook>`,
    ),
    'xl/_rels/workbook.xml.rels': xml(
      `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${sheets.map((_, i) => `<Relationship Id="rId${i + 1}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet${i + 1}.xml"/>`).join('')}<Relationship Id="rId${sheets.length + 1}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>`,
    ),
    'xl/styles.xml': strToU8(styles),
  }
  sheets.forEach((sheet, i) => {
    files[`xl/worksheets/sheet${i + 1}.xml`] = xml(sheetXml(sheet, currency))
  })
  return zipSync(files, { level: 6 })
}

function sheetXml({ columns, rows }: Sheet, currency: string): string {
  const head = columns.map((c, i) =>
    textCell(
      at(i, 1),
      c.kind === 'cents' ? `${c.label} (${currency})` : c.kind === 'percent' ? `${c.label} (%)` : c.label,
      1,
    ),
  )
  const lines = rows.map(
    (row, r) => `<row r="${r + 2}">${row.map((v, i) => cell(at(i, r + 2), v, columns[i]!.kind)).join('')}</row>`,
  )
  const widths = columns
    .map((c, i) => {
      const longest = Math.max(c.label.length + 6, ...rows.slice(0, 200).map((r) => String(r[i] ?? '').length))
      return `<col min="${i + 1}" max="${i + 1}" width="${Math.min(60, longest + 2)}" customWidth="1"/>`
    })
    .join('')
  return `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>${widths}</cols><sheetData><row r="1">${head.join('')}</row>${lines.join('')}</sheetData></worksheet>`
}

const epoch = Date.UTC(1899, 11, 30)

function cell(ref: string, value: SheetValue, kind: SheetColumn['kind']): string {
  if (value === null) return ''
  const number = (n: number): string => `<c r="${ref}" s="${styleOf[kind]}"><v>${n}</v></c>`
  if (value instanceof Date) return number((value.getTime() - epoch) / 86_400_000)
  if (typeof value === 'number') return number(kind === 'cents' ? value / 100 : value)
  if (kind === 'day' && /^\d{4}-\d\d-\d\d$/.test(value)) return number((Date.parse(value) - epoch) / 86_400_000)
  return textCell(ref, value, styleOf[kind])
}

const textCell = (ref: string, text: string, style: number): string =>
  `<c r="${ref}" s="${style}" t="inlineStr"><is><t xml:space="preserve">${escape(text.slice(0, 32_767))}</t></is></c>`

/** A1, B1 .. AA1. */
function at(column: number, row: number): string {
  let name = ''
  for (let n = column + 1; n > 0; n = Math.floor((n - 1) / 26)) name = String.fromCharCode(65 + ((n - 1) % 26)) + name
  return `${name}${row}`
}

const xml = (body: string): Uint8Array => strToU8(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n${body}`)
const escape = (text: string): string =>
  text
    // What XML 1.0 cannot hold at all.
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
    .toWellFormed()
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')

/** Excel wants names of 1-31 characters, without []:*?/\ and each once. */
function uniqueNames(names: readonly string[]): string[] {
  const seen = new Set<string>()
  return names.map((name) => {
    const clean =
      name
        .replaceAll(/[[\]:*?/\\]/g, ' ')
        .trim()
        .slice(0, 28) || 'Sheet'
    let unique = clean
    for (let n = 2; seen.has(unique.toLowerCase()); n++) unique = `${clean} ${n}`
    seen.add(unique.toLowerCase())
    return unique
  })
}
