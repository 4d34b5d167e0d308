import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ReportFile } from './sheets.ts'
import { dayWords, shown } from './words.ts'

const browsers = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const timeoutMs = 45_000

/** The browser that prints, if this machine has one: $CHROME, or the system's. */
export function findBrowser(): string | null {
  return [process.env['CHROME'], ...browsers].find((b) => b !== undefined && b !== '' && existsSync(b)) ?? null
}

/** Prints a page that loads nothing with a headless browser; throws when it does not answer within 45 s or makes no file. */
export async function printHtml(html: string, browser: string): Promise<Buffer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lma-print-'))
  try {
    const page = path.join(folder, 'report.html')
    const target = path.join(folder, 'report.pdf')
    await writeFile(page, html)
    await new Promise<void>((resolve, reject) => {
      const child = spawn(
        browser,
        [
          '--headless',
          '--disable-gpu',
          '--no-sandbox',
          '--no-first-run',
          '--disable-extensions',
          '--disable-background-networking',
          '--no-pdf-header-footer',
          `--user-data-dir=${path.join(folder, 'profile')}`,
          `--print-to-pdf=${target}`,
          `file://${page}`,
        ],
        { stdio: 'ignore' },
      )
      const late = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
      child.on('error', reject)
      child.on('exit', (code) => {
        clearTimeout(late)
        if (code === 0) resolve()
        else reject(new Error(`the browser ended with ${code ?? 'a timeout'} while printing`))
      })
    })
    return await readFile(target)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const [pageWidth, pageHeight, margin] = [595, 842, 40]

/**
 * A plain PDF without a browser: the same tables in Helvetica, page by page (PDF 1.4, fonts every reader has).
 * Characters outside Latin-1 become "?".
 */
export function plainPdf(file: ReportFile, shopName: string): Buffer {
  const pages: string[] = []
  let ops = ''
  let y = pageHeight - margin
  const newPage = (): void => {
    if (ops !== '') pages.push(ops)
    ops = ''
    y = pageHeight - margin
  }
  const put = (x: number, words: string, size: number, bold = false): void => {
    ops += `BT /${bold ? 'F2' : 'F1'} ${size} Tf ${x.toFixed(1)} ${y.toFixed(1)} Td (${escape(words)}) Tj ET\n`
  }
  const down = (by: number): void => {
    y -= by
    if (y < margin) newPage()
  }
  const { head } = file
  put(margin, shopName, 9)
  down(22)
  put(margin, file.title, 17, true)
  down(16)
  put(margin, `${dayWords(head.from)} to ${dayWords(head.to)}, ${head.time_zone}; ${head.comparison.words}`, 9)
  down(20)
  for (const line of file.verdict ? wrap(file.verdict, 105) : []) {
    put(margin, line, 9, true)
    down(13)
  }
  for (const sheet of file.sheets) {
    down(12)
    put(margin, sheet.name, 12, true)
    down(16)
    const width = (pageWidth - 2 * margin) / sheet.columns.length
    const fit = (words: string): string => {
      const most = Math.max(3, Math.floor(width / 4.1))
      return words.length > most ? `${words.slice(0, most - 1)}.` : words
    }
    const line = (cells: readonly string[], bold: boolean): void => {
      cells.forEach((c, i) => put(margin + i * width, fit(c), 7.5, bold))
      down(11)
    }
    line(
      sheet.columns.map((c) => c.label),
      true,
    )
    for (const row of sheet.rows)
      line(
        row.map((v, i) => shown(v, sheet.columns[i]!.kind, head.currency, head.time_zone)),
        false,
      )
  }
  newPage()
  return assemble(pages)
}

function assemble(pages: readonly string[]): Buffer {
  const objects: string[] = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    `<< /Type /Pages /Count ${pages.length} /Kids [${pages.map((_, i) => `${5 + 2 * i} 0 R`).join(' ')}] >>`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>',
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>',
  ]
  for (const [i, ops] of pages.entries()) {
    objects.push(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 ${pageWidth} ${pageHeight}] /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> /Contents ${6 + 2 * i} 0 R >>`,
      `<< /Length ${Buffer.byteLength(ops, 'latin1')} >>\nstream\n${ops}endstream`,
    )
  }
  let out = '%PDF-1.4\n'
  const offsets = objects.map((body, i) => {
    const at = Buffer.byteLength(out, 'latin1')
    out += `${i + 1} 0 obj\n${body}\nendobj\n`
    return at
  })
  const start = Buffer.byteLength(out, 'latin1')
  out += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.map((o) => `${String(o).padStart(10, '0')} 00000 n \n`).join('')}`
  out += `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`
  return Buffer.from(out, 'latin1')
}

const escape = (words: string): string =>
  words
    .replaceAll('–', '-')
    .replaceAll(/[‘’]/g, "'")
    .replaceAll(/[“”]/g, '"')
    .replaceAll(/[^\u0020-\u007e\u00a0-\u00ff]/g, '?')
    .replaceAll(/[\\()]/g, '\\$&')

function wrap(text: string, width: number): string[] {
  const lines: string[] = ['']
  for (const word of text.split(' ')) {
    if (`${lines.at(-1)} ${word}`.length > width) lines.push(word)
    else lines[lines.length - 1] = `${lines.at(-1)} ${word}`.trim()
  }
  return lines
}
