import { useState } from 'react'
import { stateName } from '#core/knowledge/states.ts'
import type { Verdict } from '#core/compliance/verdict.ts'
import { zonePlace } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { Facts, Note, Panel } from '../../ui/panel.tsx'
import { channelWord, Pill, type Tone } from '../../ui/pill.tsx'
import { StateTiles } from '../../ui/state-tiles.tsx'
import { windowWord } from '../planning/plan-words.ts'
import { VerdictList } from '../planning/verdict-list.tsx'
import type { CheckAnswer } from './compliance-try-page.tsx'

type Outcome = Verdict['outcome']
const outcomes: Record<Outcome, { word: string; long: string; tone: Tone }> = {
  allow: { word: 'May go', long: 'Nothing speaks against it.', tone: 'good' },
  warn: { word: 'Look at it', long: 'It may go, and somebody should look at the warnings.', tone: 'warn' },
  require: {
    word: 'May go, with a text',
    long: 'It may go with the texts below, which are added by themselves.',
    tone: 'info',
  },
  defer: { word: 'Later', long: 'Not at this time.', tone: 'warn' },
  deny: { word: 'Stopped', long: 'It would not be sent like this.', tone: 'risk' },
}
const noteTone = (outcome: Outcome): 'good' | 'info' | 'warn' | 'risk' => {
  const { tone } = outcomes[outcome]
  return tone === 'neutral' ? 'info' : tone
}

/** What the rules say about what was asked, the deciding rule first. */
export function TryAnswer({ answer }: { answer: CheckAnswer }) {
  const { outcome, because } = answer
  return (
    <div className="space-y-5">
      <Note tone={noteTone(outcome)} title={t(outcomes[outcome].word)}>
        {because ? (
          <>
            {because.summary} {because.cure && t('What helps: {cure}', { cure: because.cure })}
          </>
        ) : (
          t(outcomes[outcome].long)
        )}
      </Note>
      {answer.offer && (
        <Panel title={t('The offer')} detail={t('Read as: {words}', { words: answer.offer_words ?? '' })}>
          <ul className="space-y-4">
            {answer.stores.map((s) => (
              <li key={s.store + s.state}>
                <p className="pb-2 font-medium">
                  {s.store} <span className="text-ink-2">{stateName(s.state)}</span>{' '}
                  <Pill tone={outcomes[s.outcome].tone}>{t(outcomes[s.outcome].word)}</Pill>
                </p>
                {s.verdicts.length > 0 ? (
                  <VerdictList verdicts={s.verdicts} />
                ) : (
                  <p className="text-ink-2">{t('No rule of this state speaks against it.')}</p>
                )}
              </li>
            ))}
          </ul>
        </Panel>
      )}
      {answer.hours.map((h) => (
        <Panel
          key={h.channel}
          title={t('{channel}: when it may arrive', { channel: channelWord(h.channel) })}
          detail={t('Hours of {state}, zone {zones} ({because})', {
            state: h.state ? stateName(h.state) : t('no state'),
            zones: h.zones.map(zonePlace).join(t(' and ')),
            because: h.because,
          })}
        >
          <Facts
            items={h.open.map((o) => [
              t(dayWords[o.days]),
              o.window ? windowWord(o.window) : <Pill tone="risk">{t('Not at all')}</Pill>,
            ])}
          />
          {h.verdicts.length > 0 && (
            <div className="pt-3">
              <VerdictList verdicts={h.verdicts} />
            </div>
          )}
        </Panel>
      ))}
      {answer.copy.length > 0 && (
        <Panel title={t('The words')}>
          <VerdictList verdicts={answer.copy} />
        </Panel>
      )}
      {answer.audience.length > 0 && (
        <Panel title={t('The audience')}>
          <VerdictList verdicts={answer.audience} />
        </Panel>
      )}
      {answer.states.length > 0 && <EveryState states={answer.states} />}
    </div>
  )
}

const dayWords: Record<CheckAnswer['hours'][number]['open'][number]['days'], string> = {
  mon_fri: 'Monday to Friday',
  sat: 'Saturday',
  sun: 'Sunday',
  holiday: 'Legal holidays',
}

/** The same offer in a store of every state, on a map of tiles. */
function EveryState({ states }: { states: CheckAnswer['states'] }) {
  const [chosen, setChosen] = useState<string | null>(null)
  const byState = new Map(states.map((s) => [s.state, s]))
  const one = chosen ? byState.get(chosen) : undefined
  const outcomeOf = (state: string): Outcome => byState.get(state)?.outcome ?? 'allow'
  const counts = (['allow', 'require', 'warn', 'deny'] as const).map(
    (o) => [o, states.filter((s) => s.outcome === o).length] as const,
  )
  return (
    <Panel title={t('The same offer elsewhere')} detail={t('By the law of the store. Press a state for its rules.')}>
      <p className="flex flex-wrap gap-2 pb-3">
        {counts
          .filter(([, n]) => n > 0)
          .map(([o, n]) => (
            <Pill key={o} tone={outcomes[o].tone}>
              {t('{n} {word}', { n, word: t(outcomes[o].word) })}
            </Pill>
          ))}
      </p>
      <StateTiles
        label={t('The same offer elsewhere')}
        chosen={chosen}
        onChoose={(s) => setChosen(s === chosen ? null : s)}
        toneOf={(s) => outcomes[outcomeOf(s)].tone}
        wordOf={(s) => t(outcomes[outcomeOf(s)].word)}
      />
      {one && (
        <div className="pt-4">
          <h3 className="pb-2 font-semibold">{stateName(one.state)}</h3>
          {one.verdicts.length > 0 ? (
            <VerdictList verdicts={one.verdicts} />
          ) : (
            <p className="text-ink-2">{t('No rule of this state speaks against it.')}</p>
          )}
        </div>
      )}
    </Panel>
  )
}
