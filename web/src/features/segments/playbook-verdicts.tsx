import { CircleAlert, CircleCheck, CircleSlash } from 'lucide-react'
import { cx } from '../../lib/cx.ts'
import { t } from '../../lib/i18n.ts'
import { TextLink } from '../../ui/button.tsx'
import { offerWord, type PlaybookCheck, type StateVerdict } from './playbook-words.ts'

/** What each state with a store says about the offers and hours of a playbook: rule, cure and source. */
export function PlaybookVerdicts({ check, titles }: { check: PlaybookCheck; titles: ReadonlyMap<string, string> }) {
  const nobody = check.channels.every((c) => c.states.length === 0)
  if (nobody) {
    return (
      <p className="text-ink-2">
        {t('There is no store yet, so no state can be asked.')}{' '}
        <TextLink to="/settings/stores">{t('Add a store')}</TextLink>
      </p>
    )
  }
  return (
    <ul className="space-y-4">
      {check.offers.map((o) => (
        <Item
          key={`${o.name}:${o.title}`}
          title={o.is_stored ? o.title : offerWord(o.name, titles)}
          detail={
            o.is_stored ? null : t('No such offer is active; asked about a usual one: {title}.', { title: o.title })
          }
          states={o.states}
        />
      ))}
      {check.channels.map((c) => (
        <Item
          key={c.channel}
          title={c.channel === 'email' ? t('Hours for email') : t('Hours for texts')}
          detail={null}
          states={c.states}
        />
      ))}
    </ul>
  )
}

type Look = 'good' | 'warn' | 'risk'
const lookOf = (s: StateVerdict): Look =>
  s.allowed ? (s.verdicts.some((v) => v.outcome === 'warn') ? 'warn' : 'good') : 'risk'
const looks = {
  good: { icon: CircleCheck, color: 'text-good', word: 'fine' },
  warn: { icon: CircleAlert, color: 'text-warn', word: 'with care' },
  risk: { icon: CircleSlash, color: 'text-risk', word: 'not allowed' },
}

interface Answer {
  names: string
  stores: string
  look: Look
  told: StateVerdict['verdicts']
}

/** States that say the same stand together. */
function sameAnswers(states: readonly StateVerdict[]): Answer[] {
  const answers = new Map<string, Answer>()
  for (const s of states) {
    const told = s.verdicts.filter((v) => v.outcome === 'deny' || v.outcome === 'warn' || v.outcome === 'require')
    const key = JSON.stringify([lookOf(s), told.map((v) => [v.summary, v.cure])])
    const same = answers.get(key)
    if (same) {
      same.names += `, ${s.state}`
      same.stores += `, ${s.stores.join(', ')}`
    } else answers.set(key, { names: s.state, stores: s.stores.join(', '), look: lookOf(s), told })
  }
  return [...answers.values()]
}

function Item({ title, detail, states }: { title: string; detail: string | null; states: readonly StateVerdict[] }) {
  return (
    <li>
      <p className="font-medium">{title}</p>
      {detail && <p className="text-sm text-ink-2">{detail}</p>}
      <ul className="mt-1 space-y-1.5">
        {sameAnswers(states).map(({ names, stores, look, told }) => {
          const { icon: Icon, color, word } = looks[look]
          return (
            <li key={names} className="flex gap-2">
              <Icon className={cx('mt-0.5 size-4 shrink-0', color)} aria-hidden />
              <div className="min-w-0">
                <p>
                  <span className="font-medium" title={stores}>
                    {names}
                  </span>{' '}
                  <span className={color}>{t(word)}</span>
                </p>
                {told.map((v) => (
                  <p key={v.rule_id + v.summary} className="text-sm">
                    {v.summary} {v.cure && <span className="text-ink-2">{v.cure}</span>} <Source source={v.source} />
                  </p>
                ))}
              </div>
            </li>
          )
        })}
      </ul>
    </li>
  )
}

function Source({ source }: { source: string }) {
  const url = /https?:\/\/[^\s)]+/.exec(source)?.[0]
  return url ? (
    <a href={url} target="_blank" rel="noreferrer" className="whitespace-nowrap text-ink-2 underline">
      {t('Source')}
    </a>
  ) : (
    <span className="text-ink-2">({source})</span>
  )
}
