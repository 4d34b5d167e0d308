import type { MessageCondition, NumberTest, OrderCondition, OrderFilter } from '#core/segments/rule.ts'
import { t } from '../../lib/i18n.ts'
import { Choice, InstantTestInput, NumberTestInput, PeriodInput, WordsInput } from './test-inputs.tsx'

type Dated = Extract<OrderCondition, { orders: 'first' | 'last' }>
const isDated = (c: OrderCondition): c is Dated => c.orders === 'first' || c.orders === 'last'

/** What somebody bought: how often, how much, when first or last, and of what. */
export function OrderEditor({
  condition,
  onChange,
}: {
  condition: OrderCondition
  onChange: (condition: OrderCondition) => void
}) {
  const narrow = (where: OrderFilter): void => {
    const used = Object.fromEntries(
      Object.entries(where).filter(([, v]) => !Array.isArray(v) || v.length > 0),
    ) as OrderFilter
    const { where: _, ...rest } = condition
    onChange((Object.keys(used).length > 0 ? { ...rest, where: used } : rest) as OrderCondition)
  }
  const dated = isDated(condition)
  return (
    <>
      <Choice
        label={t('Measure')}
        value={condition.orders}
        choices={
          dated
            ? { last: t('the last order'), first: t('the first order') }
            : { count: t('number of orders'), spent: t('money spent'), items: t('bottles and items') }
        }
        onChange={(orders) => onChange({ ...condition, orders } as OrderCondition)}
      />
      {isDated(condition) ? (
        <InstantTestInput test={condition.is} onChange={(is) => onChange({ ...condition, is } as OrderCondition)} />
      ) : (
        <>
          <NumberTestInput
            test={condition.is}
            cents={condition.orders === 'spent'}
            onChange={(is) => onChange({ ...condition, is: is as NumberTest })}
          />
          <PeriodInput
            period={condition.in}
            onChange={(period) => {
              const { in: _, ...rest } = condition
              onChange(period ? { ...rest, in: period } : rest)
            }}
          />
        </>
      )}
      <WordsInput
        key={`c${condition.orders}`}
        label={t('Categories')}
        placeholder={t('Any category')}
        value={condition.where?.categories ?? []}
        onChange={(categories) => narrow({ ...condition.where, categories })}
      />
      <WordsInput
        key={`b${condition.orders}`}
        label={t('Brands')}
        placeholder={t('Any brand')}
        value={condition.where?.brands ?? []}
        onChange={(brands) => narrow({ ...condition.where, brands })}
      />
    </>
  )
}

/** How somebody answered our messages. */
export function MessageEditor({
  condition,
  onChange,
}: {
  condition: MessageCondition
  onChange: (condition: MessageCondition) => void
}) {
  return (
    <>
      <Choice
        label={t('Answer')}
        value={condition.messages}
        choices={{
          open: t('opened'),
          click: t('clicked'),
          sent: t('were sent'),
          delivered: t('received'),
          bounce: t('bounced'),
          unsubscribe: t('unsubscribed from'),
          purchase: t('bought after'),
        }}
        onChange={(messages) => onChange({ ...condition, messages: messages as MessageCondition['messages'] })}
      />
      <NumberTestInput test={condition.is} onChange={(is) => onChange({ ...condition, is: is as NumberTest })} />
      <PeriodInput
        period={condition.in}
        onChange={(period) => {
          const { in: _, ...rest } = condition
          onChange(period ? { ...rest, in: period } : rest)
        }}
      />
    </>
  )
}
