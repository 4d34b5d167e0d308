import { z } from 'zod'
import { fieldNames, fieldOf, type FieldName, type FieldType } from './fields.ts'

/** Limits that keep a rule readable by a person and cheap for the database. */
export const ruleLimits = { depth: 4, conditions: 40, perGroup: 20 } as const

const Day = z.iso.date('Use a date such as 2026-11-30.')
const Days = z.int().min(0).max(3650)
const Text = z.string().trim().min(1).max(200)
const Texts = z.array(Text).min(1, 'Choose at least one value.').max(200)
const days = <L extends string>(...op: [L, ...L[]]) => z.strictObject({ op: z.enum(op), days: Days })

const comparing = (figure: z.ZodNumber | z.ZodInt) =>
  z.union([
    z.strictObject({ op: z.enum(['at_least', 'at_most', 'more_than', 'less_than', 'equals']), value: figure }),
    z.strictObject({ op: z.literal('between'), from: figure, to: figure }).refine((t) => t.from <= t.to, {
      path: ['to'],
      message: 'The second number must not be smaller than the first.',
    }),
  ])
const NumberTest = comparing(z.number())
/** cents */
const MoneyTest = comparing(z.int('Money is whole cents.'))
export type NumberTest = z.infer<typeof NumberTest>

const InstantTest = z.union([
  days('in_last', 'before_last', 'in_next'),
  z.strictObject({ op: z.enum(['on_or_before', 'on_or_after']), day: Day }),
  z
    .strictObject({ op: z.literal('between'), from: Day, to: Day })
    .refine((t) => t.from <= t.to, { path: ['to'], message: 'The second day must not be before the first.' }),
])
export type InstantTest = z.infer<typeof InstantTest>

const SetTest = z.strictObject({ op: z.enum(['set', 'unset']) })
const OneOfTest = z.strictObject({ op: z.enum(['is', 'is_not']), value: Texts })
const PartTest = z.strictObject({ op: z.enum(['contains', 'starts_with']), value: Text })
const FlagTest = z.strictObject({ op: z.literal('is'), value: z.boolean() })
const ListTest = z.strictObject({ op: z.enum(['has_any', 'has_all', 'has_none']), value: Texts })
const BirthdayTest = z.union([
  z.strictObject({ op: z.literal('in_next'), days: z.int().min(0).max(365) }),
  z.strictObject({ op: z.literal('in_months'), value: z.array(z.int().min(1).max(12)).min(1).max(12) }),
])

export type FieldTest =
  | NumberTest
  | InstantTest
  | z.infer<typeof SetTest>
  | z.infer<typeof OneOfTest>
  | z.infer<typeof PartTest>
  | z.infer<typeof FlagTest>
  | z.infer<typeof ListTest>
  | z.infer<typeof BirthdayTest>

const testsOfType: Record<FieldType, z.ZodType<FieldTest>> = {
  text: z.union([OneOfTest, PartTest, SetTest]),
  choice: z.union([OneOfTest, SetTest]),
  number: z.union([NumberTest, SetTest]),
  money: z.union([MoneyTest, SetTest]),
  flag: FlagTest,
  list: z.union([ListTest, SetTest]),
  instant: z.union([InstantTest, SetTest]),
  birthday: z.union([BirthdayTest, SetTest]),
}
/** Operators a field of this type offers, in the order of the builder. */
export const operatorsOf: Record<FieldType, readonly FieldTest['op'][]> = {
  text: ['is', 'is_not', 'contains', 'starts_with', 'set', 'unset'],
  choice: ['is', 'is_not', 'set', 'unset'],
  number: ['at_least', 'at_most', 'more_than', 'less_than', 'equals', 'between', 'set', 'unset'],
  money: ['at_least', 'at_most', 'more_than', 'less_than', 'equals', 'between', 'set', 'unset'],
  flag: ['is'],
  list: ['has_any', 'has_all', 'has_none', 'set', 'unset'],
  instant: ['in_last', 'before_last', 'in_next', 'on_or_after', 'on_or_before', 'between', 'set', 'unset'],
  birthday: ['in_next', 'in_months', 'set', 'unset'],
}

/** When it happened: calendar days of the shop's zone, both ends included. */
export const Period = z.union([
  z.strictObject({ last_days: Days }),
  z.strictObject({ from_days_ago: Days, to_days_ago: Days }).refine((p) => p.from_days_ago >= p.to_days_ago, {
    path: ['to_days_ago'],
    message: 'The second number must not be larger than the first: "60 to 30 days ago".',
  }),
  z
    .strictObject({ from: Day, to: Day })
    .refine((p) => p.from <= p.to, { path: ['to'], message: 'The second day must not be before the first.' }),
])
export type Period = z.infer<typeof Period>

/** Orders that count. Product filters pick orders that hold at least one such line. */
export const OrderFilter = z.strictObject({
  categories: Texts.optional(),
  brands: Texts.optional(),
  departments: z
    .array(z.enum(['spirits', 'wine', 'beer', 'other']))
    .min(1)
    .optional(),
  skus: Texts.optional(),
  store_ids: z.array(z.uuid()).min(1).max(200).optional(),
  /** ISO, 1 = Monday, in the shop's zone */
  weekdays: z.array(z.int().min(1).max(7)).min(1).max(7).optional(),
  /** local hours from (included) to (excluded); from 21 to 2 goes over midnight */
  hours: z.strictObject({ from: z.int().min(0).max(23), to: z.int().min(1).max(24) }).optional(),
  with_coupon: z.boolean().optional(),
  min_total_cents: z.int().min(0).optional(),
})
export type OrderFilter = z.infer<typeof OrderFilter>

/**
 * What somebody bought. `count` counts orders; `spent` and `items` count matching lines when a product filter is set,
 * whole orders otherwise; `first` and `last` look at the day of the first or last matching order.
 */
export const OrderCondition = z.union([
  z.strictObject({
    orders: z.enum(['count', 'spent', 'items']),
    is: NumberTest,
    in: Period.optional(),
    where: OrderFilter.optional(),
  }),
  z.strictObject({ orders: z.enum(['first', 'last']), is: InstantTest, where: OrderFilter.optional() }),
])
export type OrderCondition = z.infer<typeof OrderCondition>

export const messageEvents = ['sent', 'delivered', 'open', 'click', 'bounce', 'unsubscribe', 'purchase'] as const
/** How somebody answered our messages; opens and clicks of machines do not count. */
export const MessageCondition = z.strictObject({
  messages: z.enum(messageEvents),
  is: NumberTest,
  in: Period.optional(),
  where: z
    .strictObject({
      channel: z.enum(['email', 'sms']).optional(),
      campaign_ids: z.array(z.uuid()).min(1).max(200).optional(),
    })
    .optional(),
})
export type MessageCondition = z.infer<typeof MessageCondition>

export type FieldCondition = { field: FieldName } & FieldTest
export type Condition = FieldCondition | OrderCondition | MessageCondition
/** `not` holds when none of its parts does. */
export type Group = { all: Rule[] } | { any: Rule[] } | { not: Rule[] }
export type Rule = Group | Condition

export interface RuleProblem {
  path: (string | number)[]
  message: string
}

/** Every fault of a rule with the place it stands; empty for a good rule. */
export function ruleProblems(input: unknown): RuleProblem[] {
  const problems: RuleProblem[] = []
  let conditions = 0
  const say = (path: (string | number)[], message: string): void => void problems.push({ path, message })
  const check = (schema: z.ZodType, value: unknown, path: (string | number)[]): void => {
    const result = schema.safeParse(value)
    if (result.success) return
    for (const issue of result.error.issues) {
      const inner = innermost(issue)
      say([...path, ...(inner.path as (string | number)[])], inner.message)
    }
  }
  const walk = (value: unknown, path: (string | number)[], depth: number): void => {
    if (problems.length >= 20) return
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return say(path, 'A rule is a group ("all", "any", "not") or a condition.')
    const rule = value as Record<string, unknown>
    const kind = ['all', 'any', 'not'].find((k) => k in rule)
    if (kind) {
      const parts = rule[kind]
      if (Object.keys(rule).length > 1) return say(path, `A group has the one key "${kind}".`)
      if (!Array.isArray(parts) || parts.length === 0)
        return say([...path, kind], 'A group needs at least one condition.')
      if (parts.length > ruleLimits.perGroup)
        return say([...path, kind], `A group holds at most ${ruleLimits.perGroup} parts.`)
      if (depth >= ruleLimits.depth) return say(path, `Groups nest at most ${ruleLimits.depth} deep.`)
      return parts.forEach((part, i) => walk(part, [...path, kind, i], depth + 1))
    }
    conditions += 1
    if ('orders' in rule) return check(OrderCondition, rule, path)
    if ('messages' in rule) return check(MessageCondition, rule, path)
    if (!('field' in rule)) return say(path, 'A condition names a "field", "orders" or "messages".')
    const { field, ...test } = rule
    const named = z.enum(fieldNames).safeParse(field)
    if (!named.success) return say([...path, 'field'], `There is no field "${String(field).slice(0, 40)}".`)
    const { type, label } = fieldOf(named.data)
    if (!operatorsOf[type].includes(test['op'] as FieldTest['op']))
      return say([...path, 'op'], `"${label}" can be asked with ${operatorsOf[type].join(', ')}.`)
    check(testsOfType[type], test, path)
    if (named.data === 'store_id' && Array.isArray(test['value']))
      check(z.array(z.uuid('A store is named by its id.')), test['value'], [...path, 'value'])
  }
  walk(input, [], 0)
  if (conditions > ruleLimits.conditions) say([], `A rule holds at most ${ruleLimits.conditions} conditions.`)
  return problems
}

// Of a union, the branch that got furthest says what is wrong.
function innermost(issue: z.core.$ZodIssue): { path: PropertyKey[]; message: string } {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return issue
  const branches = issue.errors.filter((e) => e.length > 0)
  const isForeign = (i: z.core.$ZodIssue): boolean => i.code === 'unrecognized_keys' || i.path[0] === 'op'
  const best = branches.toSorted(
    (a, b) => a.filter(isForeign).length - b.filter(isForeign).length || a.length - b.length,
  )[0]
  const inner = best?.[0] && innermost(best[0])
  return inner ? { path: [...issue.path, ...inner.path], message: inner.message } : issue
}

/** A whole rule; the errors of the schema carry the path of the condition. */
export const Rule = z.unknown().superRefine((value, context) => {
  for (const { path, message } of ruleProblems(value)) context.addIssue({ code: 'custom', path, message })
}) as unknown as z.ZodType<Rule, Rule>
