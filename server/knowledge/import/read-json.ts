import { unreadable, type ReadLimits } from './limits.ts'
import { guardLines } from './read-csv.ts'
import type { SourceRow } from './table.ts'

interface Element {
  line: number
  text: string
  fault?: string
}

/** Elements of a JSON array as text, cut out while the text streams by; nothing but the current one is held. */
export async function* splitArray(text: AsyncIterable<string>, limits: ReadLimits): AsyncGenerator<Element[]> {
  // Arrays often stand on one line, so elements are numbered instead of lines.
  let nth = 0
  let state = 'before' as 'before' | 'between' | 'element' | 'after'
  let depth = 0
  let inString = false
  let escaped = false
  let held = ''
  for await (const chunk of text) {
    const found: Element[] = []
    let start = 0
    for (let i = 0; i < chunk.length; i++) {
      const c = chunk.charCodeAt(i)
      if (state === 'element') {
        if (inString) {
          if (escaped) escaped = false
          else if (c === 92) escaped = true
          else if (c === 34) inString = false
        } else if (c === 34) inString = true
        else if (c === 123 || c === 91) depth++
        else if (depth > 0 && (c === 125 || c === 93)) depth--
        else if (depth === 0 && (c === 44 || c === 93)) {
          found.push({ line: ++nth, text: held + chunk.slice(start, i) })
          held = ''
          state = c === 93 ? 'after' : 'between'
        }
      } else if (c === 32 || (c >= 9 && c <= 13) || c === 0xfeff) continue
      else if (state === 'before' && c === 91) state = 'between'
      else if (state === 'between' && c === 93) state = 'after'
      else if (state === 'between' && c !== 44) {
        state = 'element'
        start = i
        depth = c === 123 || c === 91 ? 1 : 0
        inString = c === 34
        escaped = false
      } else if (state === 'after' || state === 'before') {
        found.push({ line: ++nth, text: '', fault: 'There is text after the end of the array; it was not read.' })
        yield found
        return
      }
    }
    if (state === 'element') {
      held += chunk.slice(start)
      if (held.length > limits.maxLineChars)
        throw unreadable(
          'line_too_long',
          'One element of the JSON array has more than a million characters. Write one object per customer, order or product.',
        )
    }
    if (found.length > 0) yield found
  }
  if (state !== 'after')
    yield [
      { line: ++nth, text: '', fault: 'The file ends in the middle of the array; the last element could not be read.' },
    ]
}

/** One JSON value per line. */
export async function* splitLines(text: AsyncIterable<string>, limits: ReadLimits): AsyncGenerator<Element[]> {
  let line = 0
  let held = ''
  for await (const chunk of guardLines(text, limits)) {
    const parts = (held + chunk).split('\n')
    held = parts.pop() ?? ''
    const found: Element[] = []
    for (const part of parts) {
      line++
      if (part.trim() !== '') found.push({ line, text: part })
    }
    if (found.length > 0) yield found
  }
  if (held.trim() !== '') yield [{ line: line + 1, text: held }]
}

/** Objects -> rows: the first batch begins with the header row, made of the keys of the first 200 objects. */
export async function* readJson(elements: AsyncIterable<Element[]>, limits: ReadLimits): AsyncGenerator<SourceRow[]> {
  let waiting: { line: number; object: Map<string, string> | null; fault?: string }[] = []
  let headers: string[] | null = null
  const toRow = (e: { line: number; object: Map<string, string> | null; fault?: string }): SourceRow =>
    e.object
      ? { line: e.line, cells: (headers ?? []).map((h) => e.object?.get(h) ?? '') }
      : { line: e.line, cells: [], fault: e.fault ?? '' }
  const open = (): SourceRow[] => {
    const keys = new Set<string>()
    for (const { object } of waiting) for (const key of object?.keys() ?? []) keys.add(key)
    if (keys.size > limits.maxColumns)
      throw unreadable(
        'too_many_columns',
        `The objects have more than ${limits.maxColumns} different keys. Keep the ones that matter.`,
      )
    headers = [...keys]
    const rows = [{ line: 0, cells: headers }, ...waiting.map(toRow)]
    waiting = []
    return rows
  }
  for await (const batch of elements) {
    const parsed = batch.map(parseElement)
    if (headers) yield parsed.map(toRow)
    else {
      waiting.push(...parsed)
      if (waiting.length >= 200) yield open()
    }
  }
  if (!headers) yield open()
}

function parseElement(element: Element): { line: number; object: Map<string, string> | null; fault?: string } {
  if (element.fault) return { line: element.line, object: null, fault: element.fault }
  let value: unknown
  try {
    value = JSON.parse(element.text)
  } catch {
    return { line: element.line, object: null, fault: 'This is not valid JSON.' }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { line: element.line, object: null, fault: 'This is not an object like {"email": "..."}.' }
  const cells = new Map<string, string>()
  try {
    for (const [key, v] of Object.entries(value)) {
      if (typeof v === 'object' && v !== null && !Array.isArray(v)) {
        for (const [inner, w] of Object.entries(v as object)) cells.set(`${key}.${inner}`, textOf(w))
      } else cells.set(key, textOf(v))
    }
  } catch (error) {
    // The reader of JSON goes as deep as it likes, the writer does not.
    if (!(error instanceof RangeError)) throw error
    return { line: element.line, object: null, fault: 'The values lie in each other too deep; a table has one level.' }
  }
  return { line: element.line, object: cells }
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (Array.isArray(value)) return value.map((v) => (typeof v === 'object' ? JSON.stringify(v) : String(v))).join(',')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
