import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Readable, Writable } from 'node:stream'
import type { ReportFile } from './sheets.ts'
import { dayWords, shown } from './words.ts'

const browsers = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const timeoutMs = 45_000

/** The browser that prints, if this machine has one: $CHROME, or the system's. */
export function findBrowser(): string | null {
  return [process.env['CHROME'], ...browsers].find((b) => b !== undefined && b !== '' && existsSync(b)) ?? null
}

/**
 * Prints a page that loads nothing with a headless browser, spoken to over a pipe (DevTools protocol; the command line's
 * own --print-to-pdf is missing from slim builds). Throws when it does not answer within 45 s.
 */
export async function printHtml(html: string, browser: string): Promise<Buffer> {
  const profile = await mkdtemp(path.join(tmpdir(), 'lma-print-'))
  const child = spawn(
    browser,
    [
      '--headless',
      '--disable-gpu',
      '--no-sandbox',
      '--no-first-run',
      '--disable-extensions',
      '--disable-background-networking',
      '--remote-debugging-pipe',
      `--user-data-dir=${profile}`,
      'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
  )
  const late = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  const gone = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the browser ended with ${code ?? 'a timeout'} while printing`)))
  })
  gone.catch(() => undefined)
  try {
    const ask = speak(child.stdio[3] as Writable, child.stdio[4] as Readable)
    const talk = async (): Promise<Buffer> => {
      const { targetId } = await ask('Target.createTarget', { url: 'about:blank' })
      const { sessionId } = await ask('Target.attachToTarget', { targetId, flatten: true })
      const session = String(sessionId)
      const { frameTree } = await ask('Page.getFrameTree', {}, session)
      const frameId = (frameTree as { frame: { id: string } }).frame.id
      await ask('Page.setDocumentContent', { frameId, html }, session)
      const { data } = await ask('Page.printToPDF', { printBackground: true, preferCSSPageSize: true }, session)
      return Buffer.from(String(data), 'base64')
    }
    return await Promise.race([talk(), gone])
  } finally {
    clearTimeout(late)
    child.kill('SIGKILL')
    // The profile may still be written to for a moment.
    await rm(profile, { recursive: true, force: true, maxRetries: 3, retryDelay: 100 }).catch(() => undefined)
  }
}

type Ask = (method: string, params: object, session?: string) => Promise<Record<string, unknown>>

/** Commands and answers as JSON with a NUL after each. */
function speak(to: Writable, from: Readable): Ask {
  const waiting = new Map<number, { resolve: (v: Record<string, unknown>) => void; reject: (e: Error) => void }>()
  let last = 0
  let rest = ''
  to.on('error', () => undefined)
  from.setEncoding('utf8')
  from.on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\0')
    rest = parts.pop() ?? ''
    for (const part of parts) {
      const answer = JSON.parse(part) as {
        id?: number
        result?: Record<string, unknown>
        error?: { message: string }
      }
      const asked = waiting.get(answer.id ?? -1)
      if (!asked) continue
      waiting.delete(answer.id!)
      if (answer.error) asked.reject(new Error(answer.error.message))
      else asked.resolve(answer.result ?? {})
    }
  })
  return (method, params, session) =>
    new Promise((resolve, reject) => {
      const id = ++last
      waiting.set(id, { resolve, reject })
      to.write(JSON.stringify({ id, method, params, ...(session ? { sessionId: session } : {}) }) + '\0')
    })
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
