import { FileUp } from 'lucide-react'
import { useRef, useState } from 'react'
import { saveFile } from '../../lib/api.ts'
import { cx } from '../../lib/cx.ts'
import { t } from '../../lib/i18n.ts'
import { TextButton } from '../../ui/button.tsx'
import { Checkbox, Field, Select } from '../../ui/field.tsx'
import { Note } from '../../ui/panel.tsx'
import { Progress } from '../../ui/progress.tsx'
import { importKinds, kindWord, type Choices, type DateOrder, type ImportKind } from './import-words.ts'

const samples: Record<ImportKind, string> = {
  customers:
    'customer_id,name,email,phone,birth_date,city,state,zip,email_consent,consent_source,consent_date,tags\nC-1001,Maya Ellison,maya@example.com,+15125550142,1984-03-12,Austin,TX,78701,yes,till tablet,2026-05-02,whiskey club\n',
  orders:
    'order_id,ordered_at,customer_id,product_id,product_name,category,quantity,line_total\nS-9001,2026-11-20 18:42,C-1001,SKU-204,Old Harbor Bourbon 750 ml,Bourbon,1,42.99\n',
  products:
    'sku,name,brand,department,category,size,price,cost,stock\nSKU-204,Old Harbor Bourbon,Old Harbor,Spirits,Bourbon,750 ml,42.99,29.10,36\n',
  consents:
    'email,channel,status,source,date,text\nmaya@example.com,email,yes,till tablet,2026-05-02,newsletter-2026\n',
  suppressions: 'email,channel,reason,date\nnoah@example.com,email,unsubscribe,2026-03-14\n',
}

interface Props {
  choices: Choices
  onChoices: (choices: Choices) => void
  onFile: (file: File) => void
  busy: { name: string; share: number } | null
}

/** What the file holds, and the file itself: dropped or chosen. */
export function FileStep({ choices, onChoices, onFile, busy }: Props) {
  const input = useRef<HTMLInputElement>(null)
  const [over, setOver] = useState(false)
  const take = (file: File | undefined): void => {
    if (file && !busy) onFile(file)
  }
  return (
    <div className="space-y-5">
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={t('What is in the file?')}>
          <Select
            value={choices.kind}
            onChange={(e) => onChoices({ ...choices, kind: e.target.value as ImportKind, mapping: null })}
            options={importKinds.map((k) => ({ value: k, label: kindWord(k) }))}
          />
        </Field>
        <Field label={t('How are dates written?')} hint={t('Counts only where it is unclear: 03/04/2026.')}>
          <Select
            value={choices.dateOrder}
            onChange={(e) => onChoices({ ...choices, dateOrder: e.target.value as DateOrder })}
            options={[
              { value: 'mdy', label: t('Month first (US)') },
              { value: 'dmy', label: t('Day first') },
            ]}
          />
        </Field>
      </div>
      {choices.kind === 'orders' && (
        <Checkbox
          label={t('Create customers that are not known yet')}
          hint={t('Otherwise orders of unknown customers are refused and listed.')}
          checked={choices.createCustomers}
          onChange={(e) => onChoices({ ...choices, createCustomers: e.target.checked })}
        />
      )}
      <div
        className={cx(
          'flex flex-col items-center gap-3 rounded-lg border-2 border-dashed px-4 py-10 text-center',
          over ? 'border-info bg-info-soft' : 'border-line-strong bg-surface',
        )}
        onDragOver={(e) => {
          e.preventDefault()
          setOver(true)
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(e) => {
          e.preventDefault()
          setOver(false)
          take(e.dataTransfer.files[0])
        }}
      >
        <FileUp className="size-8 text-ink-2" aria-hidden />
        {busy ? (
          <div role="status" className="w-full max-w-xs space-y-2">
            <p>{t('Reading {name}', { name: busy.name })}</p>
            <Progress label={t('Upload')} done={Math.round(busy.share * 100)} total={100} />
          </div>
        ) : (
          <>
            <p>
              <label htmlFor="import-file" className="link cursor-pointer font-medium has-focus-visible:outline-2">
                {t('Choose a file')}
              </label>{' '}
              {t('or drop it here')}
            </p>
            <p className="text-sm text-ink-2">
              {t(
                'CSV, Excel or JSON, up to 2 GB, packed with gzip or not. Delimiter, encoding and headings are found by themselves.',
              )}
            </p>
          </>
        )}
        <input
          ref={input}
          id="import-file"
          type="file"
          accept=".csv,.tsv,.txt,.json,.jsonl,.ndjson,.xlsx,.gz,text/csv,application/json"
          className="sr-only"
          disabled={busy !== null}
          onChange={(e) => {
            take(e.target.files?.[0])
            e.target.value = ''
          }}
        />
      </div>
      <p className="text-sm text-ink-2">
        {t('Not sure about the format?')}{' '}
        <TextButton
          onClick={() =>
            saveFile(new Blob([samples[choices.kind]], { type: 'text/csv' }), `${choices.kind}-sample.csv`)
          }
        >
          {t('Download a sample file')}
        </TextButton>
      </p>
      {choices.kind === 'customers' && <ConsentRule />}
    </div>
  )
}

/** Why an import is careful with consent. */
export function ConsentRule() {
  return (
    <Note title={t('Consent comes with proof, or not at all')}>
      {t(
        '“Yes” in a consent column counts only with where and when it was given (columns for source and date). Without them the customer is imported as “not asked” and gets no messages. Somebody who opted out stays opted out, whatever the file says.',
      )}
    </Note>
  )
}
