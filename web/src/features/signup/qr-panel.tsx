import { useQuery } from '@tanstack/react-query'
import { Download } from 'lucide-react'
import { useState } from 'react'
import { download, fileText } from '../../lib/api.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { Field, Select } from '../../ui/field.tsx'
import { QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { toastError } from '../../ui/toast.tsx'
import type { Form } from './signup-words.ts'

const endpoint = 'GET /api/v1/signup-forms/:id/qr'

/** The QR code of the form, for all or for one store: to look at, and to print. */
export function QrPanel({ form }: { form: Form }) {
  const stores = useApi('GET /api/v1/stores')
  const [store, setStore] = useState('')
  const parts = (format: 'svg' | 'png') => ({
    params: { id: form.id },
    query: { format, ...(store ? { store_id: store } : {}) },
  })
  const picture = useQuery({
    queryKey: ['sign-up qr', form.id, form.url, store],
    queryFn: ({ signal }) => fileText(endpoint, parts('svg'), { signal }),
    staleTime: Infinity,
  })
  const name = stores.data?.data.find((s) => s.id === store)?.name
  const save = (format: 'svg' | 'png'): void => {
    const place = name ? `-${name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}` : ''
    download(endpoint, parts(format), `sign-up-${form.key}${place}.${format}`).catch(toastError)
  }
  return (
    <Panel
      title={t('QR code')}
      detail={t('For the counter, the bag, the receipt. It still reads when a quarter of it is stained.')}
    >
      <div className="flex flex-wrap items-start gap-5">
        <QueryFrame query={picture} what={t('The QR code')} skeleton={<Skeleton className="size-44" />}>
          {(svg) => (
            <img
              className="size-44 rounded-md border border-line bg-white"
              alt={name ? t('QR code of the form for {store}', { store: name }) : t('QR code of the form')}
              src={`data:image/svg+xml,${encodeURIComponent(svg)}`}
            />
          )}
        </QueryFrame>
        <div className="min-w-0 flex-1 basis-48 space-y-3">
          {form.store_id === null && (stores.data?.data.length ?? 0) > 1 && (
            <Field label={t('Store')}>
              <Select
                value={store}
                onChange={(e) => setStore(e.target.value)}
                options={[
                  { value: '', label: t('All; people choose') },
                  ...(stores.data?.data ?? []).map((s) => ({ value: s.id, label: s.name })),
                ]}
              />
            </Field>
          )}
          <div className="flex flex-wrap gap-2">
            <Button onClick={() => save('svg')}>
              <Download aria-hidden />
              {t('SVG, for print')}
            </Button>
            <Button onClick={() => save('png')}>
              <Download aria-hidden />
              {t('PNG')}
            </Button>
          </div>
        </div>
      </div>
    </Panel>
  )
}
