import { t } from '../../lib/i18n.ts'
import { Button } from '../../ui/button.tsx'
import { Note } from '../../ui/panel.tsx'
import { Progress } from '../../ui/progress.tsx'
import { ConsentRule } from './import-file-step.tsx'
import { PlannedRepairs } from './import-repairs.tsx'
import { ImportOutcome, RunningImport } from './import-run.tsx'
import { AsLastTime } from './import-match-step.tsx'
import { isOpen, type Choices, type Import, type Preview } from './import-words.ts'

interface Props {
  run: Import
  choices: Choices
  /** the columns are those of an earlier import, untouched */
  remembered: Preview['remembered']
  onChoices: (choices: Choices) => void
  onBack: () => void
  onCheck: () => void
  onCommit: () => void
  sending: number | null
}

/** The result of the dry run: what would happen before it does, and repairs of what would not. */
export function CheckStep({ run, choices, remembered, onChoices, onBack, onCheck, onCommit, sending }: Props) {
  if (isOpen(run)) return <RunningImport run={run} title={t('Checking {source}', { source: run.source })} />
  const useful = run.rows_new + run.rows_changed
  const plan = { repairs: choices.repairs, dateOrder: choices.dateOrder }
  const isChecked =
    JSON.stringify(run.options.repairs ?? []) === JSON.stringify(choices.repairs) &&
    (run.options.date_order ?? 'mdy') === choices.dateOrder
  return (
    <div className="space-y-5">
      {remembered?.is_complete && <AsLastTime remembered={remembered} />}
      {run.status === 'succeeded' ? (
        <>
          <p className="text-ink-2">
            {t(
              'Nothing is stored yet. This is what the import would do with {rows, plural, one {# row} other {# rows}}.',
              { rows: run.rows_read },
            )}
          </p>
          <ImportOutcome run={run} repair={{ plan, onPlan: (next) => onChoices({ ...choices, ...next }) }} />
          <PlannedRepairs
            plan={plan}
            isChecked={isChecked}
            onPlan={(next) => onChoices({ ...choices, ...next })}
            onCheck={onCheck}
            busy={sending !== null}
          />
        </>
      ) : (
        <Note tone="risk" title={run.status === 'cancelled' ? t('Stopped') : t('The file could not be checked')}>
          {run.error}
        </Note>
      )}
      {run.kind === 'customers' && <ConsentRule />}
      {sending !== null && <Progress label={t('Upload')} done={Math.round(sending * 100)} total={100} />}
      <div className="flex flex-wrap justify-between gap-2">
        <Button onClick={onBack} disabled={sending !== null}>
          {t('Back to the columns')}
        </Button>
        {run.status === 'succeeded' && (
          <Button
            look={isChecked ? 'primary' : 'outline'}
            busy={sending !== null}
            disabled={useful === 0 || !isChecked}
            onClick={onCommit}
          >
            {useful === 0
              ? t('Nothing to import')
              : t('Import {count, plural, one {# row} other {# rows}}', { count: useful })}
          </Button>
        )}
      </div>
    </div>
  )
}
