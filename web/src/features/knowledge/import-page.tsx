import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, upload } from '../../lib/api.ts'
import { cx } from '../../lib/cx.ts'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { refresh, useApi } from '../../lib/query.ts'
import { choice, text, useUrl } from '../../lib/url.ts'
import { TextLink } from '../../ui/button.tsx'
import { Page, Skeleton } from '../../ui/page.tsx'
import { Note, Panel } from '../../ui/panel.tsx'
import { Pill, Status } from '../../ui/pill.tsx'
import { Time } from '../../ui/time.tsx'
import { CheckStep } from './import-check-step.tsx'
import { FileStep } from './import-file-step.tsx'
import { MatchStep, sameMapping } from './import-match-step.tsx'
import { ImportDone, RunningImport } from './import-run.tsx'
import { formFields, importKinds, isOpen, kindWord, type Choices, type Import, type Preview } from './import-words.ts'

const steps = ['file', 'match', 'check', 'commit'] as const
type Step = (typeof steps)[number]
/** the running import stands in the address: the page may be left and found again */
const spec = { run: text(), check: text(), kind: choice(importKinds, 'customers') }

/** A file becomes customers, orders, products or lists of who said yes and no: file, columns, check, commit. */
export default function ImportPage() {
  const [url, setUrl] = useUrl(spec)
  const [file, setFile] = useState<File | null>(null)
  const [choices, setChoices] = useState<Choices>({
    kind: url.kind,
    mapping: null,
    dateOrder: 'mdy',
    createCustomers: false,
    repairs: [],
  })
  const [touched, setTouched] = useState(false)
  const [preview, setPreview] = useState<Preview | null>(null)
  const [sending, setSending] = useState<number | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const check = useImport(url.check)
  const run = useImport(url.run)
  const step: Step = url.run !== '' ? 'commit' : url.check !== '' && file ? 'check' : preview ? 'match' : 'file'

  const guarded = async (work: () => Promise<void>): Promise<void> => {
    setProblem(null)
    setSending(0)
    try {
      await work()
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error))
    } finally {
      setSending(null)
    }
  }
  const look = (chosen: File): Promise<void> =>
    guarded(async () => {
      setFile(chosen)
      if (chosen.size === 0)
        throw new Error(t('{name} is empty. Export it again and choose the new file.', { name: chosen.name }))
      const found = await upload(
        'POST /api/v1/imports/preview',
        chosen,
        formFields({ ...choices, mapping: null }, false),
        setSending,
      )
      const last = found.remembered
      const next: Choices = {
        ...choices,
        mapping: found.mapping,
        repairs: [],
        // What a person has just set themselves is newer than what they set last time.
        ...(last && !touched
          ? {
              dateOrder: last.options.date_order ?? choices.dateOrder,
              createCustomers: last.options.create_customers ?? choices.createCustomers,
            }
          : {}),
      }
      setPreview(found)
      setChoices(next)
      // The same columns as last time: nothing is left to match.
      if (last?.is_complete && found.mapping_faults.length === 0) await start(chosen, next, true)
    })
  const start = async (chosen: File, as: Choices, dryRun: boolean): Promise<void> => {
    const started = await upload('POST /api/v1/customers/import', chosen, formFields(as, dryRun), setSending)
    setUrl(dryRun ? { check: started.id } : { run: started.id, check: '' }, { push: true })
    void refresh('GET /api/v1/imports')
  }
  const send = (dryRun: boolean): Promise<void> =>
    guarded(async () => {
      if (file) await start(file, choices, dryRun)
    })
  const again = (): void => {
    setFile(null)
    setPreview(null)
    setProblem(null)
    setTouched(false)
    setChoices((c) => ({ ...c, mapping: null, repairs: [] }))
    setUrl({ run: '', check: '' })
  }

  return (
    <Page
      title={t('Import')}
      back={<TextLink to="/customers">{t('Customers')}</TextLink>}
      subtitle={
        file
          ? t('{name}, {size} KB', { name: file.name, size: count(Math.max(1, file.size / 1024)) })
          : t('Customers, orders or products from a file of your till or web shop.')
      }
      narrow={step !== 'check' && step !== 'commit'}
    >
      <Steps current={step} />
      {problem && (
        <div className="mb-5">
          <Note tone="risk" title={t('That did not work')}>
            {problem}
          </Note>
        </div>
      )}
      {step === 'file' && (
        <>
          <FileStep
            choices={choices}
            onChoices={(next) => {
              setTouched(true)
              setChoices(next)
            }}
            onFile={(f) => void look(f)}
            busy={sending === null || !file ? null : { name: file.name, share: sending }}
          />
          <RecentImports />
        </>
      )}
      {step === 'match' && preview && (
        <MatchStep
          preview={preview}
          mapping={choices.mapping ?? preview.mapping}
          onMapping={(mapping) => setChoices({ ...choices, mapping })}
          onBack={again}
          onNext={() => void send(true)}
          busy={sending !== null}
        />
      )}
      {step === 'check' &&
        (check ? (
          <CheckStep
            run={check}
            choices={choices}
            remembered={sameMapping(choices.mapping, preview?.mapping) ? (preview?.remembered ?? null) : null}
            onChoices={setChoices}
            onBack={() => setUrl({ check: '' })}
            onCheck={() => void send(true)}
            onCommit={() => void send(false)}
            sending={sending}
          />
        ) : (
          <Skeleton className="h-40 w-full" />
        ))}
      {step === 'commit' &&
        (run ? (
          isOpen(run) ? (
            <RunningImport run={run} title={t('Importing {source}', { source: run.source })} />
          ) : (
            <ImportDone run={run} onAgain={again} />
          )
        ) : (
          <Skeleton className="h-40 w-full" />
        ))}
    </Page>
  )
}

function Steps({ current }: { current: Step }) {
  const at = steps.indexOf(current)
  const words: Record<Step, string> = { file: t('File'), match: t('Columns'), check: t('Check'), commit: t('Import') }
  return (
    <ol aria-label={t('Steps')} className="mb-5 flex gap-1 sm:gap-2">
      {steps.map((s, i) => (
        <li
          key={s}
          aria-current={i === at ? 'step' : undefined}
          className={cx(
            'label flex-1 border-t-[5px] pt-1.5',
            i <= at ? 'border-shelf text-ink' : 'border-line text-ink-2',
          )}
        >
          {i + 1} {words[s]}
          {i < at && <span className="sr-only"> {t('(done)')}</span>}
        </li>
      ))}
    </ol>
  )
}

function RecentImports() {
  const recent = useApi('GET /api/v1/imports', { query: { page_size: 5, dry_run: 'false' } })
  const runs = recent.data?.data ?? []
  if (runs.length === 0) return null
  return (
    <div className="mt-6">
      <Panel title={t('Last imports')} actions={<TextLink to="/customers/imports">{t('All imports')}</TextLink>} flush>
        <ul>
          {runs.map((r) => (
            <li key={r.id} className="flex flex-wrap items-baseline gap-x-3 gap-y-0.5 border-t border-line px-4 py-2">
              <TextLink to="/customers/import" search={{ run: r.id }} className="min-w-0 flex-1 basis-40 truncate">
                {r.source}
              </TextLink>
              <span className="text-sm text-ink-2">
                {t('{kind}, {rows} rows', { kind: kindWord(r.kind), rows: count(r.rows_read) })}
              </span>
              {r.undo.undone_at ? <Pill>{t('Undone')}</Pill> : <Status value={r.status} />}
              <span className="text-sm text-ink-2">
                <Time at={r.created_at} look="ago" />
              </span>
            </li>
          ))}
        </ul>
      </Panel>
    </div>
  )
}

/** Follows an import until it ends. */
function useImport(id: string): Import | undefined {
  const query = useQuery({
    queryKey: ['GET /api/v1/imports/:id', { params: { id } }],
    queryFn: ({ signal }) => api('GET /api/v1/imports/:id', { params: { id } }, { signal }),
    enabled: id !== '',
    refetchInterval: ({ state: { data } }) => (data && !isOpen(data) && !data.undo.is_running ? false : 700),
  })
  return query.data
}
