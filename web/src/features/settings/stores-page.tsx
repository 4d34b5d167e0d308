import { MapPin, Plus } from 'lucide-react'
import { useState, type ReactNode } from 'react'
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
import { StoreHoursDialog } from './store-hours-dialog.tsx'
import { weekLines, type Week } from './store-hours.ts'
import { departmentWords, type Store } from './store-words.ts'

/** Where the shop sells: the state decides which offers are lawful, the address stands in every message. */
export default function StoresPage() {
  const admin = useMay('admin')
  const query = useApi('GET /api/v1/stores')
  const [editing, setEditing] = useState<Store | 'new' | null>(null)
  const [removing, setRemoving] = useState<Store | null>(null)
  const [timing, setTiming] = useState<Store | null>(null)
  const nearest = useApi('GET /api/v1/stores/nearest', undefined, { staleMs: 60_000 })
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
                  nearest={nearest.data?.data.find((n) => n.store_id === store.id)?.customers ?? 0}
                  onHours={() => setTiming(store)}
                  onEdit={() => setEditing(store)}
                  onRemove={() => setRemoving(store)}
                />
              ))}
            </div>
          )
        }
      </QueryFrame>
      {editing && <StoreDialog store={editing === 'new' ? null : editing} onClose={() => setEditing(null)} />}
      {timing && <StoreHoursDialog store={timing} onClose={() => setTiming(null)} />}
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

interface PanelProps {
  store: Store
  /** customers without a store of their own who count with this one */
  nearest: number
  onHours: () => void
  onEdit: () => void
  onRemove: () => void
}

function StorePanel({ store, nearest, onHours, onEdit, onRemove }: PanelProps) {
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
              <Button onClick={onHours} aria-label={t('Hours of {name}', { name: store.name })}>
                {t('Hours')}
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
          [t('Open'), store.opening_hours ? <Hours week={store.opening_hours} /> : t('not stated')],
          ...store.sells.flatMap((d): [string, ReactNode][] => {
            const week = store.sale_hours[d]
            return week
              ? [[t('{department} sold', { department: t(departmentWords[d]) }), <Hours key={d} week={week} />]]
              : []
          }),
          [t('Time zone'), store.time_zone],
          ...(store.external_id ? [[t('Number in the till'), store.external_id] as [string, ReactNode]] : []),
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
          [
            t('Customers'),
            nearest > 0
              ? t('{n}, and {nearest} without a store who live nearest', {
                  n: count(store.customers),
                  nearest: count(nearest),
                })
              : count(store.customers),
          ],
        ]}
      />
    </Panel>
  )
}

function Hours({ week }: { week: Week }) {
  return (
    <ul>
      {weekLines(week).map(({ days, hours }) => (
        <li key={days} className="flex gap-3">
          <span className="w-24 shrink-0">{days}</span>
          <span>{hours}</span>
        </li>
      ))}
    </ul>
  )
}
