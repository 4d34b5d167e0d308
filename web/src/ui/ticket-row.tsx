import type { Figure } from '../lib/format.ts'
import { t } from '../lib/i18n.ts'
import { Ticket } from './ticket.tsx'

export interface TicketFact {
  label: string
  /** null: not known */
  figure: Figure | null
  note: string
}

/** Figures that need no comparison, on the amber shelf. */
export function TicketRow({ label, items }: { label: string; items: readonly TicketFact[] }) {
  return (
    <section aria-label={label} className="overflow-hidden rounded-lg border border-line">
      <dl className="grid grid-cols-2 gap-px border-b-[5px] border-shelf bg-line lg:grid-cols-4">
        {items.map(({ label: name, figure, note }) => (
          <div key={name} className="bg-surface px-3 py-3 sm:px-4">
            <dt className="label truncate text-ink-2">{name}</dt>
            <dd>
              <span className="mt-2 flex h-11 items-start">
                {figure ? (
                  <Ticket figure={figure} />
                ) : (
                  <span className="ticket text-[44px] text-ink-2">
                    –<span className="sr-only">{t('not known')}</span>
                  </span>
                )}
              </span>
              <span className="mt-1 block min-h-4 text-xs text-ink-2">{note}</span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
