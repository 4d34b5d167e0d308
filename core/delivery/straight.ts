import { ForTag, IfTag, Output, TypeGuards, UnlessTag, type Template, type Value } from 'liquidjs'

/** A template as plain functions. Throws `notStraight` when the values are none of JSON's kinds: ask the engine then. */
export type Straight = (variables: Readonly<Record<string, unknown>>) => string

export const notStraight = new Error('only the engine knows')

type Scope = readonly [name: string, value: unknown][]
type Part = string | ((variables: Readonly<Record<string, unknown>>, scope: Scope) => string)
type Read = (variables: Readonly<Record<string, unknown>>, scope: Scope) => unknown
type Escape = (value: unknown) => string
/** Token of liquidjs, of which only these members are read. */
interface Path {
  variable?: unknown
  props: readonly { content?: unknown }[]
}

/** A list longer than this is the engine's business: it watches the clock. */
const longestList = 500

/**
 * What most messages are made of (text, values, `if`, `unless`, one level of `for`) as closures over the parsed
 * template: the engine drives a generator through every step of it, which costs ten times as much. Returns null when
 * the template holds anything else. `escape` is the engine's own, applied to every value that is printed.
 */
export function straighten(templates: readonly Template[], escape: Escape): Straight | null {
  const parts = partsOf(templates, escape, false)
  return parts && ((variables) => run(parts, variables, []))
}

function run(parts: readonly Part[], variables: Readonly<Record<string, unknown>>, scope: Scope): string {
  let out = ''
  for (const part of parts) out += typeof part === 'string' ? part : part(variables, scope)
  return out
}

function partsOf(templates: readonly Template[], escape: Escape, isInside: boolean): Part[] | null {
  const parts: Part[] = []
  for (const template of templates) {
    const part = partOf(template, escape, isInside)
    if (part === null) return null
    const last = parts.length - 1
    if (typeof part === 'string' && typeof parts[last] === 'string') parts[last] += part
    else parts.push(part)
  }
  return parts
}

function partOf(template: Template, escape: Escape, isInside: boolean): Part | null {
  if (TypeGuards.isHTMLToken(template.token)) return (template as unknown as { str: string }).str
  if (template instanceof Output) {
    // The engine puts the escape behind the filters; anything before it is a filter of the source.
    if (template.value.filters.length !== 1) return null
    const read = pathOf(template.value)
    return read && ((variables, scope) => escape(read(variables, scope)))
  }
  if (template instanceof IfTag || template instanceof UnlessTag) return branchOf(template, escape, isInside)
  if (template instanceof ForTag && !isInside) return loopOf(template, escape)
  return null
}

function branchOf(tag: IfTag | UnlessTag, escape: Escape, isInside: boolean): Part | null {
  const cases: { read: Read; isNegated: boolean; parts: Part[] }[] = []
  for (const [i, { value, templates }] of tag.branches.entries()) {
    const read = value.filters.length === 0 ? (pathOf(value) ?? comparisonOf(value)) : null
    const parts = partsOf(templates, escape, isInside)
    if (!read || !parts) return null
    cases.push({ read, isNegated: tag instanceof UnlessTag && i === 0, parts })
  }
  const otherwise = partsOf(tag.elseTemplates ?? [], escape, isInside)
  if (!otherwise) return null
  return (variables, scope) => {
    for (const { read, isNegated, parts } of cases)
      if (isTruthy(read(variables, scope)) !== isNegated) return run(parts, variables, scope)
    return run(otherwise, variables, scope)
  }
}

function loopOf(tag: ForTag, escape: Escape): Part | null {
  const read = readerOf(tag.collection)
  const body = partsOf(tag.templates, escape, true)
  const none = partsOf(tag.elseTemplates, escape, false)
  if (!read || !body || !none || Object.keys(tag.hash.hash).length > 0) return null
  const name = tag.variable
  return (variables, scope) => {
    const list = read(variables, scope)
    if (list === null || list === undefined) return run(none, variables, scope)
    if (!Array.isArray(list) || list.length > longestList) throw notStraight
    if (list.length === 0) return run(none, variables, scope)
    let out = ''
    for (const item of list) out += run(body, variables, [[name, item]])
    return out
  }
}

function pathOf(value: Value): Read | null {
  const { postfix } = value.initial
  return postfix.length === 1 ? readerOf(postfix[0]) : null
}

// `{% if products.size > 0 %}`, `{% if tier == "gold" %}`
function comparisonOf(value: Value): Read | null {
  const [left, right, operator] = value.initial.postfix
  if (value.initial.postfix.length !== 3 || !TypeGuards.isOperatorToken(operator)) return null
  const read = readerOf(left)
  const limit = (right as { content?: unknown }).content
  if (!read || !(TypeGuards.isNumberToken(right) || TypeGuards.isQuotedToken(right))) return null
  const compare = comparisons[operator.operator]
  return compare ? (variables, scope) => compare(plain(read(variables, scope)), limit) : null
}

const comparisons: Record<string, (left: unknown, right: unknown) => boolean> = {
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '>': (left, right) => (left as number) > (right as number),
  '<': (left, right) => (left as number) < (right as number),
  '>=': (left, right) => (left as number) >= (right as number),
  '<=': (left, right) => (left as number) <= (right as number),
}

function readerOf(token: unknown): Read | null {
  if (!TypeGuards.isPropertyAccessToken(token)) return null
  const { variable, props } = token as unknown as Path
  const keys = props.map((prop) => prop.content)
  const [root, ...rest] = keys
  if (variable || typeof root !== 'string' || root === 'forloop' || root === 'continue') return null
  if (!rest.every((key) => typeof key === 'string' || typeof key === 'number')) return null
  return (variables, scope) => {
    let value: unknown
    const own = scope.length > 0 && scope[0]![0] === root
    value = own ? scope[0]![1] : property(variables, root)
    for (const key of rest) value = property(value, key)
    return value
  }
}

// As the engine reads a property with `ownPropertyOnly`, of values that came out of JSON.
function property(from: unknown, key: string | number): unknown {
  if (from === null || from === undefined) return from
  if (Array.isArray(from) && typeof key === 'number') return (from as unknown[]).at(key)
  const value = Object.hasOwn(from, key) ? (from as Record<string | number, unknown>)[key] : undefined
  if (typeof value === 'function') throw notStraight
  if (key === 'size') return Object.hasOwn(from, key) ? value : sizeOf(from)
  // On anything but a list these two are properties like all others.
  if (key === 'first' && Array.isArray(from)) return from[0] as unknown
  if (key === 'last' && Array.isArray(from)) return from.at(-1) as unknown
  return value
}

function sizeOf(of: NonNullable<unknown>): number | undefined {
  if (Array.isArray(of) || typeof of === 'string') return of.length
  return typeof of === 'object' ? Object.keys(of).length : undefined
}

function plain(value: unknown): unknown {
  if (typeof value === 'object' && value !== null) throw notStraight
  return value
}

const isTruthy = (value: unknown): boolean => value !== false && value !== undefined && value !== null
