import { Download } from 'lucide-react'
import { download } from '../../lib/api.ts'
import { count, duration } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { Button, LinkButton } from '../../ui/button.tsx'
import { Note, Panel } from '../../ui/panel.tsx'
import { Progress } from '../../ui/progress.tsx'
import { toastError } from '../../ui/toast.tsx'
import { CauseList, type RepairPlan } from './import-repairs.tsx'
import { UndoPanel } from './import-undo.tsx'
import { phaseWord, type Import } from './import-words.ts'

/** An import while it runs: rows and bytes read, and a way to stop. */
export function RunningImport({ run, title }: { run: Import; title: string }) {
  const cancel = useSend('POST /api/v1/imports/:id/cancel', { refresh: ['GET /api/v1/imports'] })
  return (
    <Panel
      title={title}
      detail={phaseWord(run.phase)}
      actions={
        <Button size="sm" busy={cancel.isPending} onClick={() => cancel.mutate({ params: { id: run.id } })}>
          {t('Stop')}
        </Button>
      }
    >
      <Progress label={title} done={run.bytes_read} total={run.bytes_total > 0 ? run.bytes_total : null} />
      <p role="status" className="mt-2 text-sm text-ink-2">
        {[
          t('{rows} rows read', { rows: count(run.rows_read) }),
          run.eta &&
            (run.eta.at_least
              ? t('at least {time} left', { time: duration(run.eta.seconds) })
              : t('about {time} left', { time: duration(run.eta.seconds) })),
        ]
          .filter(Boolean)
          .join(', ')}
        {!run.dry_run && `. ${t('You may leave this page; the import goes on.')}`}
      </p>
    </Panel>
  )
}

/** What a finished run found or did. `repair`: the causes can be repaired here. */
export function ImportOutcome({
  run,
  repair,
}: {
  run: Import
  repair?: { plan: RepairPlan; onPlan: (plan: RepairPlan) => void }
}) {
  const done = !run.dry_run
  const figures: [string, number, boolean][] = [
    [done ? t('Added') : t('New'), run.rows_new, false],
    [t('Changed'), run.rows_changed, false],
    [t('Same as before'), run.rows_same, false],
    [t('Twice in the file'), run.rows_duplicate, false],
    [t('Refused'), run.rows_rejected, run.rows_rejected > 0],
  ]
  const { reasons = [], notes = [], also = {} } = run.summary
  const more = Object.entries(also).filter(([, n]) => n > 0)
  return (
    <div className="space-y-5">
      <dl className="grid grid-cols-2 gap-px overflow-hidden rounded-lg border border-b-[5px] border-line border-b-shelf bg-line sm:grid-cols-5">
        {figures.map(([name, n, bad]) => (
          <div key={name} className="bg-surface px-4 py-3 max-sm:last:col-span-2">
            <dt className="label text-ink-2">{name}</dt>
            <dd className={bad ? 'ticket mt-2 text-[36px] text-risk' : 'ticket mt-2 text-[36px]'}>{count(n)}</dd>
          </div>
        ))}
      </dl>
      {reasons.length > 0 && (
        <Panel
          title={t('Why rows are refused')}
          detail={t('Good rows are not held back by bad ones.')}
          actions={
            run.has_rejects && (
              <Button
                size="sm"
                onClick={() =>
                  void download(
                    'GET /api/v1/imports/:id/rejects',
                    { params: { id: run.id } },
                    `rejects-${run.id}.csv`,
                  ).catch(toastError)
                }
              >
                <Download aria-hidden />
                {t('Download refused rows')}
              </Button>
            )
          }
        >
          {repair ? <CauseList causes={reasons} {...repair} /> : <Tallies rows={reasons} />}
        </Panel>
      )}
      {notes.length > 0 && (
        <Panel title={t('Read with a remark')} detail={t('These rows count; one value in them does not.')}>
          <Tallies rows={notes} />
        </Panel>
      )}
      {more.length > 0 && (
        <p className="text-ink-2">
          {t('Also:')} {more.map(([what, n]) => `${count(n)} ${what.replaceAll('_', ' ')}`).join(', ')}.
        </p>
      )}
      {done && run.summary.duration_ms !== undefined && (
        <p className="text-sm text-ink-2">
          {t('{rows} rows in {time}.', { rows: count(run.rows_read), time: duration(run.summary.duration_ms / 1000) })}
        </p>
      )}
    </div>
  )
}

function Tallies({ rows }: { rows: readonly { column: string; reason: string; count: number; first_line: number }[] }) {
  return (
    <ul className="divide-y divide-line">
      {rows
        .toSorted((a, b) => b.count - a.count)
        .map((r) => (
          <li key={r.column + r.reason} className="flex items-baseline justify-between gap-4 py-2">
            <span className="min-w-0">
              {r.reason}{' '}
              <span className="text-sm text-ink-2">
                {r.column !== '' && t('Column {column}, ', { column: r.column })}
                {t('first in line {line}', { line: r.first_line })}
              </span>
            </span>
            <span className="shrink-0 font-medium">{count(r.count)}</span>
          </li>
        ))}
    </ul>
  )
}

function afterWord(run: Import): string {
  if (run.rows_new + run.rows_changed === 0) return t('Nothing was new: everything in it is stored already.')
  if (run.kind === 'orders') return t('Every score is being computed anew; that takes a moment.')
  return run.kind === 'customers' ? t('Scores follow with the first orders.') : t('It counts from now on.')
}

/** After the commit: where to look now. */
export function ImportDone({ run, onAgain }: { run: Import; onAgain: () => void }) {
  const failed = run.status !== 'succeeded'
  return (
    <div className="space-y-5">
      {failed ? (
        <Note
          tone="risk"
          title={run.status === 'cancelled' ? t('Stopped: nothing of it was kept') : t('The import failed')}
        >
          {run.error}
        </Note>
      ) : (
        <>
          {!run.undo.undone_at && (
            <Note tone="good" title={t('Imported {source}', { source: run.source })}>
              {afterWord(run)}
            </Note>
          )}
          <ImportOutcome run={run} />
          <UndoPanel run={run} />
        </>
      )}
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={onAgain}>{t('Import another file')}</Button>
        {!failed && run.kind === 'products' && (
          <LinkButton to="/products" look="primary">
            {t('See the products')}
          </LinkButton>
        )}
        {!failed && run.kind !== 'products' && (
          <LinkButton
            to="/customers"
            look="primary"
            {...(run.kind === 'customers' && !run.undo.undone_at ? { search: { import: run.id } } : {})}
          >
            {t('See the customers')}
          </LinkButton>
        )}
      </div>
    </div>
  )
}
