import { styleText } from 'node:util'

/** 0 ok · 1 failed · 2 wrong use · 3 configuration · 4 not found · 5 some items failed · 6 refused by compliance · 7 network (retry helps) · 130 interrupted */
export const exit = {
  ok: 0,
  failed: 1,
  usage: 2,
  config: 3,
  notFound: 4,
  partly: 5,
  refused: 6,
  network: 7,
  interrupted: 130,
} as const

/** A refusal of the command line: one plain sentence and the exit code. */
export class CliError extends Error {
  override name = 'CliError'
  readonly exitCode: number
  constructor(message: string, exitCode: number = exit.failed) {
    super(message)
    this.exitCode = exitCode
  }
}

export interface Output {
  json: boolean
  quiet: boolean
}

/** Data goes to stdout: one JSON object with its schema name, or lines for people. */
export function print(output: Output, schema: string, data: Record<string, unknown>, lines: () => string[]): void {
  if (output.json) process.stdout.write(JSON.stringify({ schema: `liquor-agent/${schema}@1`, ...data }, null, 2) + '\n')
  else for (const line of lines()) process.stdout.write(line + '\n')
}

/** Everything that is not data goes to stderr. */
export function say(output: Output, text: string): void {
  if (!output.quiet) process.stderr.write(text + '\n')
}

export function strong(text: string): string {
  return styleText('bold', text, { stream: process.stderr })
}

/** Columns padded to their widest cell; numbers to the right. */
export function table(rows: readonly (readonly (string | number)[])[], heads: readonly string[]): string[] {
  const cells = [heads, ...rows].map((row) => row.map(String))
  const widths = heads.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)))
  const numeric = heads.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number'))
  return cells.map((row) =>
    row
      .map((cell, i) => (numeric[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd(),
  )
}

/** A bar with rate and remaining time on a terminal, one line per tenth elsewhere. */
export function progress(output: Output, label: string): (done: number, total: number | null) => void {
  const started = Date.now()
  let shown = -1
  let drawn = 0
  return (done, total) => {
    if (output.quiet) return
    const seconds = (Date.now() - started) / 1000
    const rate = Math.round(done / Math.max(seconds, 0.001))
    if (process.stderr.isTTY) {
      if (Date.now() - drawn < 100 && done !== total) return
      drawn = Date.now()
      const left = total && rate > 0 ? `, ${Math.ceil((total - done) / rate)} s left` : ''
      const bar = total ? '█'.repeat(Math.floor((done / total) * 24)).padEnd(24, '·') : ''
      process.stderr.write(
        `\r\x1b[2K${label} ${bar} ${done.toLocaleString('en-US')}${total ? ` of ${total.toLocaleString('en-US')}` : ''}, ${rate.toLocaleString('en-US')}/s${left}`,
      )
      if (total !== null && done >= total) process.stderr.write('\n')
      return
    }
    const tenth = total ? Math.floor((done / total) * 10) : Math.floor(done / 10_000)
    if (tenth !== shown) {
      shown = tenth
      process.stderr.write(`${label}: ${done}${total ? ` of ${total}` : ''}\n`)
    }
  }
}
