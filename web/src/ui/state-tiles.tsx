import { stateName } from '#core/knowledge/states.ts'
import { cx } from '../lib/cx.ts'
import { t } from '../lib/i18n.ts'
import type { Tone } from './pill.tsx'

/** Where each state lies in a map made of equal tiles, row by row; a dot is water. */
const rows = [
  'AK . . . . . . . . . ME',
  '. . . . . . . . . VT NH',
  'WA ID MT ND MN IL WI MI NY RI MA',
  'OR NV WY SD IA IN OH PA NJ CT .',
  'CA UT CO NE MO KY WV VA MD DE .',
  '. AZ NM KS AR TN NC SC DC . .',
  '. . . OK LA MS AL GA . . .',
  'HI . . TX . . . . FL . .',
]
const places = rows.flatMap((row, y) =>
  row.split(' ').flatMap((state, x) => (state === '.' ? [] : [{ state, x: x + 1, y: y + 1 }])),
)

const looks: Record<Tone, string> = {
  good: 'bg-good-soft text-good',
  info: 'bg-info-soft text-info',
  warn: 'bg-warn-soft text-warn',
  risk: 'bg-risk-soft text-risk',
  neutral: 'bg-sunken text-ink-2',
}

/** A map of the states as tiles of one size, each with a tone and a word; one can be chosen. */
export function StateTiles({
  label,
  toneOf,
  wordOf,
  chosen,
  onChoose,
}: {
  label: string
  toneOf: (state: string) => Tone
  wordOf: (state: string) => string
  chosen: string | null
  onChoose: (state: string) => void
}) {
  return (
    <div role="group" aria-label={label} className="grid max-w-[560px] grid-cols-11 gap-0.5 sm:gap-1">
      {places.map(({ state, x, y }) => (
        <button
          key={state}
          type="button"
          aria-pressed={chosen === state}
          aria-label={t('{state}: {word}', { state: stateName(state), word: wordOf(state) })}
          title={t('{state}: {word}', { state: stateName(state), word: wordOf(state) })}
          onClick={() => onChoose(state)}
          style={{ gridColumn: x, gridRow: y }}
          className={cx(
            'ticket grid aspect-square min-h-6 place-items-center rounded-sm text-[13px] hover:outline-2 hover:outline-line-strong aria-pressed:outline-2 aria-pressed:outline-ink sm:text-[16px]',
            looks[toneOf(state)],
          )}
        >
          {state}
        </button>
      ))}
    </div>
  )
}
