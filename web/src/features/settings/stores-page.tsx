import { MapPin, Plus } from 'lucide-react'
import { useState } from 'react'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button, TextLink } from '../../ui/button.tsx'
import { Empty, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Facts, Panel } from '../../ui/panel.tsx'
import { Pill } from '../../ui/pill.tsx'
import { SettingsFrame } from './settings-frame.tsx'
import { RemoveStore } from './remove-store.tsx'
import { StoreDialog } from './store-dialog.tsx'
import { departmentWords, type Store } from './store-words.ts'

/** Where the shop sells: the state decides which offers are lawful, the address stands in every message. */
export default function StoresPage() {
  const admin = useMay('admin')
  const query = useApi('GET /api/v1/stores')
  const [editing, setEditing] = useState<Store | 'new' | null>(null)
  const [removing, setRemoving] = useState<Store | null>(null)
  const add = (
    <Button look="primary" onClick={() => setEditing('new')}>
      <Plus aria-hidden />
      {t('Add a store')}
    </Button>
  )
  return (
    <SettingsFrame>
      <QueryFrame query={query} what={t('The stores')} skeleton={<Skeleton className="h-60" />}>
        {({ data }) =>
          data.length === 0 ? (
            <div className="rounded-lg border border-line bg-surface">
              <Empty title={t('No store yet')} action={admin ? add : undefined}>
                {t(
                  'Every message must carry a postal address, and the state decides which offers are lawful. Until there is a store, no mail leaves.',
                )}
              </Empty>
            </div>
          ) : (
            <div className="space-y-5">
              <div className="flex flex-wrap items-center justify-between gap-2">
                <p className="text-ink-2">
                  {t(
                    '{count, plural, one {# store} other {# stores}}. The state of each decides which offers are lawful there.',
                    {
                      count: data.length,
                    },
                  )}
                </p>
                {admin && add}
              </div>
              {data.map((store) => (
                <StorePanel
                  key={store.id}
                  store={store}
                  onEdit={() => setEditing(store)}
                  onRemove={() => setRemoving(store)}
                />
              ))}
            </div>
          )
        }
      </QueryFrame>
      {editing && <StoreDialog store={editing === 'new' ? null : editing} onClose={() => setEditing(null)} />}
      {removing && (
        <RemoveStore
          store={removing}
          others={(query.data?.data ?? []).filter((s) => s.id !== removing.id)}
          onClose={() => setRemoving(null)}
        />
      )}
    </SettingsFrame>
  )
}

function StorePanel({ store, onEdit, onRemove }: { store: Store; onEdit: () => void; onRemove: () => void }) {
  const admin = useMay('admin')
  return (
    <Panel
      title={store.name}
      detail={
        <span className="flex gap-1.5">
          <MapPin className="mt-0.5 size-3.5 shrink-0" aria-hidden />
          {`${store.address}, ${store.city}, ${store.state} ${store.zip}`}
        </span>
      }
      actions={
        <>
          {store.is_demo && <Pill>{t('Demo')}</Pill>}
          {admin && (
            <>
              <Button onClick={onEdit} aria-label={t('Edit {name}', { name: store.name })}>
                {t('Edit')}
              </Button>
              <Button look="quiet" onClick={onRemove} aria-label={t('Remove {name}', { name: store.name })}>
                {t('Remove')}
              </Button>
            </>
          )}
        </>
      }
    >
      <Facts
        items={[
          [t('On the licence'), `${store.legal_name}${store.licence_number ? `, ${store.licence_number}` : ''}`],
          [t('Sells'), store.sells.map((d) => t(departmentWords[d])).join(', ')],
          [t('Time zone'), store.time_zone],
          [t('Phone'), store.phone ?? t('none')],
          [
            t('Website'),
            store.website ? (
              <TextLink to={store.website} className="wrap-anywhere">
                {store.website}
              </TextLink>
            ) : (
              t('that of the shop')
            ),
          ],
          [t('Customers'), count(store.customers)],
        ]}
      />
    </Panel>
  )
}
