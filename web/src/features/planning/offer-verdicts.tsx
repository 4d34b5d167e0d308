import { t } from '../../lib/i18n.ts'
import { money } from '../../lib/format.ts'
import { Facts } from '../../ui/panel.tsx'
import { Pill, type Tone } from '../../ui/pill.tsx'
import { breakEvenWord, marginWord, stockWord, type Judged } from './offer-words.ts'
import { VerdictList } from './verdict-list.tsx'

type Opinion = Judged['stores'][number]
const tones: Record<Opinion['outcome'], Tone> = {
  allow: 'good',
  require: 'info',
  warn: 'warn',
  defer: 'warn',
  deny: 'risk',
}
const words: Record<Opinion['outcome'], string> = {
  allow: 'Lawful',
  require: 'Lawful with a text',
  warn: 'Review',
  defer: 'Later',
  deny: 'Not lawful',
}

/** "TX not lawful" for each state of the shop's stores, once. */
export function LawPills({ stores, wrap = false }: { stores: readonly Opinion[]; wrap?: boolean }) {
  const byState = [...Map.groupBy(stores, (s) => s.state)].map(([state, list]) => [state, list[0]!] as const)
  if (byState.length === 0) return <Pill>{t('No store yet')}</Pill>
  return (
    <span className={wrap ? 'inline-flex flex-wrap gap-1' : 'inline-flex gap-1'}>
      {byState.slice(0, 4).map(([state, s]) => (
        <Pill key={state} tone={tones[s.outcome]}>
          {state} {t(words[s.outcome]).toLowerCase()}
        </Pill>
      ))}
      {byState.length > 4 && <Pill>{t('and {n} more', { n: byState.length - 4 })}</Pill>}
    </span>
  )
}

/** The short of it, in sight while somebody types: what a unit earns, like a shelf ticket, and where it is lawful. */
export function OfferTicket({ judged }: { judged: Judged }) {
  const { economics: e } = judged
  const earned = e.margin_after_cents
  return (
    <div className="sticky -top-4 z-1 -mx-4 -mt-4 flex flex-wrap items-end gap-x-4 gap-y-2 border-b-3 border-shelf bg-surface px-4 py-3">
      <div>
        <p className="label text-ink-2">{t('Earned per unit')}</p>
        <p className={earned !== null && earned < 0 ? 'ticket text-[26px] text-risk' : 'ticket text-[26px]'}>
          {earned === null ? t('not known') : money(earned, true).replace('-', '\u2212')}
        </p>
      </div>
      <div className="min-w-0 flex-1 basis-40">
        <p className="pb-1 text-sm text-ink-2">{breakEvenWord(e)}</p>
        <LawPills stores={judged.stores} wrap />
      </div>
    </div>
  )
}

/** Everything that is computed from an offer: words, money, stock, law, and what its title should not say. */
export function OfferVerdicts({ judged }: { judged: Judged }) {
  const { economics: e } = judged
  return (
    <div className="space-y-5">
      <section>
        <h3 className="pb-2 font-semibold">{t('What it does to the margin')}</h3>
        <Facts
          items={[
            [t('Customers read'), judged.text],
            [t('Earned per unit'), marginWord(e)],
            [t('One use costs'), e.redemption_cost_cents === 0 ? t('nothing') : money(e.redemption_cost_cents, true)],
            [t('It pays'), breakEvenWord(e)],
            [t('Stock'), stockWord(judged.stock)],
          ]}
        />
        <p className="pt-2 text-sm text-ink-2">
          {judged.price_from === 'products'
            ? t(
                'Cost and price are those of the product in its range that earns least: what is lawful for it is lawful for all.',
              )
            : judged.price_from === 'unknown'
              ? t('Cost and price are not known: enter them here or on the products, so that the law can be checked.')
              : t('Cost and price as entered on the offer.')}
        </p>
      </section>
      <section>
        <h3 className="pb-2 font-semibold">{t('What the law says')}</h3>
        {judged.stores.length === 0 ? (
          <p className="text-ink-2">{t('There is no store yet; its state decides.')}</p>
        ) : (
          <ul className="space-y-4">
            {judged.stores.map((s) => (
              <li key={s.store_id ?? s.store}>
                <p className="pb-1.5">
                  <span className="font-medium">{s.store}</span> <span className="text-ink-2">{s.state}</span>{' '}
                  <Pill tone={tones[s.outcome]}>{t(words[s.outcome])}</Pill>
                </p>
                {s.verdicts.length > 0 && <VerdictList verdicts={s.verdicts} />}
              </li>
            ))}
          </ul>
        )}
      </section>
      {judged.copy.length > 0 && (
        <section>
          <h3 className="pb-2 font-semibold">{t('The words of its title')}</h3>
          <VerdictList verdicts={judged.copy} />
        </section>
      )}
    </div>
  )
}
