import { Liquid, type Template } from 'liquidjs'
import { formatCents } from '../money.ts'
import { encodePiece } from './qp.ts'
import { notStraight, straighten } from './straight.ts'

/** html and text are readable; the mime modes yield the same, already quoted-printable; line is one line of plain text. */
export type TemplateMode = 'html' | 'text' | 'line' | 'html-mime' | 'text-mime'
export type Variables = Record<string, unknown>

/** A template read once; rendering per recipient is synchronous and touches nothing outside its variables. */
export interface CompiledTemplate {
  render(variables: Variables): string
}

export class TemplateError extends Error {
  override name = 'TemplateError'
  /** line of the source, where the engine knows it */
  readonly line: number | null
  constructor(what: string, cause: unknown) {
    const { message, token } = cause as Error & { token?: { getPosition?: () => number[] } }
    super(`${what}: ${message.replace(/, line:\d+, col:\d+$/, '').replaceAll('\n', ' ')}`)
    this.line = token?.getPosition?.()[0] ?? null
  }
}

// What a shop needs to write messages. Tags that read files, capture or count are left out.
const tags = new Set(['if', 'unless', 'case', 'for', 'assign', 'comment', 'break', 'continue', 'raw'])
const limits = { parseLimit: 500_000, renderLimit: 500, memoryLimit: 2_000_000 }
const engines = new Map<TemplateMode, Liquid>()

/** Reads Liquid source. Throws TemplateError with the line when it is wrong; source is written by staff, never by customers. */
export function compileTemplate(source: string, mode: TemplateMode): CompiledTemplate {
  let parsed: Template[]
  const engine = engineOf(mode)
  try {
    parsed = engine.parse(mode.endsWith('-mime') ? encodeSource(source) : source)
  } catch (error) {
    throw new TemplateError('The template cannot be read', error)
  }
  const straight = straighten(parsed, (value) => escapes[mode](asText(value)))
  return {
    render(variables) {
      try {
        const text = straight?.(variables)
        if (text !== undefined) return withinLimit(text)
      } catch (error) {
        if (error !== notStraight) throw new TemplateError('The template cannot be filled in', error)
      }
      try {
        return String(engine.renderSync(parsed, variables))
      } catch (error) {
        throw new TemplateError('The template cannot be filled in', error)
      }
    },
  }
}

// The engine counts for itself; what goes past it is measured.
function withinLimit(text: string): string {
  if (text.length > limits.memoryLimit)
    throw new Error('the message is too long: a value of it is larger than any message')
  return text
}

/** A value of a template that no message has, e.g. a name that is misspelt: it would print nothing. */
export interface UnknownValue {
  name: string
  line: number
}

/** Values of the source that are neither in `known` ("offer.title", "products") nor made in the source itself. */
export function findUnknownValues(source: string, known: ReadonlySet<string>): UnknownValue[] {
  const { globals } = engineOf('html').parseAndAnalyzeSync(source)
  const roots = new Set([...known].map((path) => path.split('.')[0]))
  return Object.values(globals)
    .flat()
    .flatMap((variable) => {
      const [root, next] = variable.segments
      const path = typeof next === 'string' ? `${String(root)}.${next}` : String(root)
      // Lists may be asked for a place or a size; only plain values have names of their own.
      const isKnown = known.has(path) || (known.has(String(root)) && (typeof next !== 'string' || next === 'size'))
      const isWhole = roots.has(String(root)) && typeof next !== 'string'
      return isKnown || isWhole ? [] : [{ name: path, line: variable.location.row }]
    })
}

/** Escapes the five characters of HTML, quotes included, so that values are safe in quoted attributes too. */
export function escapeHtml(text: string): string {
  return /[&<>"']/.test(text) ? text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`) : text
}

/** http, https, mailto and tel addresses as they are; anything else becomes "#". */
export function safeUrl(url: string): string {
  const trimmed = withoutControls(url, '').trim()
  return /^(https?:\/\/|mailto:|tel:)[^\s<>"']+$/i.test(trimmed) ? trimmed : '#'
}

/** Takes out control characters; tabs and line ends stay unless `lineEnds` says what replaces them. */
export function withoutControls(text: string, lineEnds?: string): string {
  const kept = text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u0085\u2028\u2029]/g, '')
  return lineEnds === undefined ? kept : kept.replace(/[\r\n\t]+/g, lineEnds)
}

/** The engine's own answer, beside which the quick way is checked. */
export function renderByEngine(source: string, mode: TemplateMode, variables: Variables): string {
  const engine = engineOf(mode)
  return String(engine.renderSync(engine.parse(mode.endsWith('-mime') ? encodeSource(source) : source), variables))
}

function engineOf(mode: TemplateMode): Liquid {
  let engine = engines.get(mode)
  if (engine) return engine
  engine = new Liquid({
    ...limits,
    outputEscape: (value: unknown) => escapes[mode](asText(value)),
    ownPropertyOnly: true,
    strictFilters: true,
    strictVariables: false,
    dynamicPartials: false,
    templates: {},
    cache: false,
  })
  for (const name of Object.keys(engine.tags)) if (!tags.has(name)) delete engine.tags[name]
  engine.registerFilter('safe_url', (value: unknown) => safeUrl(asText(value)))
  engine.registerFilter('money', (cents: unknown) => (typeof cents === 'number' ? formatCents(cents, 'USD', true) : ''))
  // The built-in opts out of escaping; here it is an ordinary filter that changes nothing.
  engine.registerFilter('raw', (value: unknown) => value)
  engines.set(mode, engine)
  return engine
}

const escapes: Record<TemplateMode, (text: string) => string> = {
  html: (text) => escapeHtml(withoutControls(text)),
  text: (text) => withoutControls(text),
  line: (text) => withoutControls(text, ' '),
  'html-mime': (text) => encodePiece(escapeHtml(withoutControls(text))),
  'text-mime': (text) => encodePiece(withoutControls(text)),
}

function asText(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (Array.isArray(value)) return value.map(asText).join(', ')
  return typeof value === 'object' ? '' : String(value as string | number | boolean)
}

const token = /(\{\{-?[\s\S]*?-?\}\}|\{%-?[\s\S]*?-?%\})/

// Encodes what stands between the Liquid tags once, so that a recipient costs only the holes.
function encodeSource(source: string): string {
  const raws: string[] = []
  // Braces in a raw block are text; encoded they no longer look like Liquid.
  const prepared = source.replace(/\{%-?\s*raw\s*-?%\}([\s\S]*?)\{%-?\s*endraw\s*-?%\}/g, (_, text: string) => {
    raws.push(text)
    return `\u{f8ff}${raws.length - 1}\u{f8ff}`
  })
  const parts = prepared.split(token)
  let out = ''
  for (let i = 0; i < parts.length; i++) {
    let part = parts[i] ?? ''
    if (i % 2 === 1) {
      out += part.replace(/^(\{[{%])-/, '$1').replace(/-([}%]\})$/, '$1')
      continue
    }
    if (/-[}%]\}$/.test(parts[i - 1] ?? '')) part = part.trimStart()
    if (/^\{[{%]-/.test(parts[i + 1] ?? '')) part = part.trimEnd()
    part = part.replace(/\u{f8ff}(\d+)\u{f8ff}/gu, (_, n: string) => raws[Number(n)] ?? '')
    out += encodePiece(part).replaceAll('{{', '{=7B').replaceAll('{%', '{=25')
  }
  return out
}
