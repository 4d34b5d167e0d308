import { ArrowDownRight, ArrowUpRight, Minus } from 'lucide-react'
import type { ReactNode } from 'react'
import { cx } from '../lib/cx.ts'
import { count, percent, type Figure } from '../lib/format.ts'
import { t } from '../lib/i18n.ts'
import { Sparkline } from './progress.tsx'

/** A figure like a shelf-edge price ticket: big condensed digits, raised sign and decimals. Figures: ticketMoney, ticketCount, ticketPercent. */
export function Ticket({ figure, size = 'lg' }: { figure: Figure; size?: 'lg' | 'md' }) {
  const raised = size === 'lg' ? 'pt-1 text-[20px]' : 'pt-0.5 text-[14px]'
  return (
    <span className="inline-flex items-start">
      <span className="sr-only">{figure.full}</span>
      {figure.before && (
        <span aria-hidden className={cx('ticket', raised)}>
          {figure.before}
        </span>
      )}
      <span aria-hidden className={cx('ticket', size === 'lg' ? 'text-[44px]' : 'text-[28px]')}>
        {figure.big}
      </span>
      {figure.after && (
        <span aria-hidden className={cx('ticket', raised)}>
          {figure.after}
        </span>
      )}
    </span>
  )
}

/** Up or down with its sense: `better` says which direction is good. Share 0.082 is "8.2%". */
export function Change({
  share,
  better = 'up',
  note,
}: {
  share: number | null
  better?: 'up' | 'down'
  note?: ReactNode
}) {
  if (share === null) return <span className="label font-normal! text-ink-2">{t('nothing to compare with')}</span>
  const flat = Math.abs(share) < 0.0005
  const Icon = flat ? Minus : share > 0 ? ArrowUpRight : ArrowDownRight
  const tone = flat ? 'text-ink-2' : share > 0 === (better === 'up') ? 'text-good' : 'text-risk'
  return (
    <span className={cx('label inline-flex flex-wrap items-center gap-x-1', tone)}>
      <Icon className="size-3.5" aria-hidden />
      <span className="sr-only">{flat ? t('unchanged') : share > 0 ? t('up') : t('down')}</span>
      {/* Beyond tenfold a percentage says nothing to anybody. */}
      {share >= 9 ? t('{n} times', { n: count(share + 1) }) : percent(Math.abs(share), Math.abs(share) >= 1 ? 0 : 1)}
      {note && <span className="font-normal text-ink-2">{note}</span>}
    </span>
  )
}

export interface Kpi {
  id: string
  label: string
  figure: Figure | null
  change: number | null
  better?: 'up' | 'down'
  note?: string
  spark?: readonly number[]
  definition?: string
}

/** The amber shelf with its tickets; pressing one shows it in the chart below (put that in `children`). */
export function ShelfRail({
  label,
  kpis,
  chosen,
  onChoose,
  children,
}: {
  label: string
  kpis: readonly Kpi[]
  chosen?: string
  onChoose?: (id: string) => void
  children?: ReactNode
}) {
  const columns =
    kpis.length === 3 || kpis.length === 6 ? 'lg:grid-cols-3' : kpis.length === 5 ? 'xl:grid-cols-5' : 'lg:grid-cols-4'
  return (
    <section aria-label={label} className="min-w-0 overflow-hidden rounded-lg border border-line bg-surface">
      <div
        className={cx('grid grid-cols-2 gap-px border-b-[5px] border-shelf bg-line', columns)}
        {...(onChoose ? { role: 'group', 'aria-label': t('Figure shown in the chart') } : {})}
      >
        {kpis.map((kpi) =>
          onChoose ? (
            <button
              key={kpi.id}
              type="button"
              title={kpi.definition}
              aria-pressed={kpi.id === chosen}
              onClick={() => onChoose(kpi.id)}
              className="group flex flex-col bg-surface last:odd:max-lg:col-span-2 px-3 py-3 text-left hover:bg-sunken focus-visible:-outline-offset-2 aria-pressed:bg-sunken sm:px-4"
            >
              <KpiInside kpi={kpi} />
            </button>
          ) : (
            <div
              key={kpi.id}
              title={kpi.definition}
              className="bg-surface last:odd:max-lg:col-span-2 px-3 py-3 sm:px-4"
            >
              <KpiInside kpi={kpi} />
            </div>
          ),
        )}
      </div>
      {children}
    </section>
  )
}

function KpiInside({ kpi }: { kpi: Kpi }) {
  return (
    <>
      <span className="label flex h-4.5 items-center justify-between gap-2 text-ink-2 group-aria-pressed:text-ink">
        <span className="truncate">{kpi.label}</span>
        {kpi.spark && <Sparkline values={kpi.spark} className="h-4.5 w-12 shrink-0 sm:w-15" />}
      </span>
      <span className="mt-2 flex h-11 items-start">
        {kpi.figure ? (
          <Ticket figure={kpi.figure} />
        ) : (
          <span className="ticket text-[44px] text-ink-2">
            –<span className="sr-only">{t('not known')}</span>
          </span>
        )}
      </span>
      <span className="mt-2 block min-h-4">
        {<Change share={kpi.change} {...(kpi.better ? { better: kpi.better } : {})} note={kpi.note} />}
      </span>
    </>
  )
}
