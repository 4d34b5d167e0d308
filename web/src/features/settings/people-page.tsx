import { EllipsisVertical, UserPlus } from 'lucide-react'
import { useState } from 'react'
import type { ReplyOf } from '../../lib/api.ts'
import { t } from '../../lib/i18n.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button, IconButton, TextButton } from '../../ui/button.tsx'
import { confirm } from '../../ui/confirm.tsx'
import { Menu, type MenuEntry } from '../../ui/menu.tsx'
import { QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Pill } from '../../ui/pill.tsx'
import { Time } from '../../ui/time.tsx'
import { toast } from '../../ui/toast.tsx'
import { InviteDialog, LinkDialog, type Invitation } from './invite-dialog.tsx'
import { SettingsFrame } from './settings-frame.tsx'

type Person = ReplyOf<'GET /api/v1/users'>['data'][number]
const list = 'GET /api/v1/users'
const roles = { admin: 'Admin', manager: 'Manager', user: 'User' } as const

/** Who signs in here: invite, change the role, deactivate. */
export default function PeoplePage() {
  const admin = useMay('admin')
  const query = useApi(list, undefined, { enabled: admin })
  const [inviting, setInviting] = useState(false)
  const [link, setLink] = useState<Invitation | null>(null)
  const [all, setAll] = useState(false)
  return (
    <SettingsFrame>
      {admin && (
        <QueryFrame query={query} what={t('The people')} skeleton={<Skeleton className="h-60" />}>
          {({ data }) => {
            const gone = data.filter((p) => p.state === 'deactivated').length
            return (
              <Panel
                title={t('People')}
                flush
                detail={t('A user plans and looks; a manager starts campaigns and sees addresses; an admin sets up.')}
                actions={
                  <Button look="primary" onClick={() => setInviting(true)}>
                    <UserPlus aria-hidden />
                    {t('Invite')}
                  </Button>
                }
              >
                <ul>
                  {data
                    .filter((p) => all || p.state !== 'deactivated')
                    .map((person) => (
                      <PersonRow key={person.id} person={person} onLink={setLink} />
                    ))}
                </ul>
                {gone > 0 && (
                  <p className="border-t border-line px-4 py-2.5 text-sm">
                    <TextButton onClick={() => setAll(!all)}>
                      {all
                        ? t('Hide who left')
                        : t('{n, plural, one {Show # person who left} other {Show # people who left}}', { n: gone })}
                    </TextButton>
                  </p>
                )}
              </Panel>
            )
          }}
        </QueryFrame>
      )}
      {inviting && (
        <InviteDialog
          onClose={() => setInviting(false)}
          onDone={(made) => {
            setInviting(false)
            setLink(made)
          }}
        />
      )}
      {link && <LinkDialog {...link} onClose={() => setLink(null)} />}
    </SettingsFrame>
  )
}

function PersonRow({ person, onLink }: { person: Person; onLink: (made: Invitation) => void }) {
  const name = person.full_name ?? person.email
  const change = useSend('PATCH /api/v1/users/:id', {
    refresh: [list],
    onDone: () => toast(t('{name} is changed', { name })),
  })
  const again = useSend('POST /api/v1/users/:id/invite', { refresh: [list], onDone: onLink })
  const signOut = useSend('DELETE /api/v1/users/:id/sessions', {
    refresh: [list],
    onDone: () => toast(t('{name} is signed out everywhere', { name })),
  })
  const dropFactor = useSend('DELETE /api/v1/users/:id/second-factor', {
    refresh: [list],
    onDone: () => toast(t('The second factor of {name} is removed', { name })),
  })
  const params = { id: person.id }
  const deactivate = async (): Promise<void> => {
    const yes = await confirm({
      title: t('Deactivate {name}?', { name }),
      body: t(
        'They are signed out at once and cannot sign in again. What they did stays, and you can bring them back.',
      ),
      action: t('Deactivate {name}', { name }),
      tone: 'risk',
    })
    if (yes) change.mutate({ params, body: { is_active: false } })
  }
  const remove = async (): Promise<void> => {
    const yes = await confirm({
      title: t('Remove the second factor of {name}?', { name }),
      body: t('Only for somebody who lost the phone, and only when you know it is them who asks. They get a mail.'),
      action: t('Remove it'),
      tone: 'risk',
    })
    if (yes) dropFactor.mutate({ params })
  }
  const items: MenuEntry[] =
    person.state === 'deactivated'
      ? [{ label: t('Bring back'), onSelect: () => change.mutate({ params, body: { is_active: true } }) }]
      : [
          { heading: t('Role') },
          ...(['user', 'manager', 'admin'] as const).map((role) => ({
            label: t(roles[role]),
            checked: person.role === role,
            onSelect: () => change.mutate({ params, body: { role } }),
          })),
          'separator' as const,
          ...(person.state === 'invited'
            ? [{ label: t('New invitation link'), onSelect: () => again.mutate({ params }) }]
            : [{ label: t('Sign out everywhere'), onSelect: () => signOut.mutate({ params }) }]),
          ...(person.has_second_factor
            ? [{ label: t('Remove the second factor'), onSelect: () => void remove() }]
            : []),
          { label: t('Deactivate'), tone: 'risk' as const, onSelect: () => void deactivate() },
        ]
  return (
    <li className="flex items-start gap-3 border-t border-line px-4 py-3">
      <span
        aria-hidden
        className="grid size-8 shrink-0 place-items-center rounded-full bg-sunken text-sm font-semibold text-ink-2"
      >
        {name.slice(0, 1).toUpperCase()}
      </span>
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <span className="font-medium wrap-anywhere">{name}</span>
          <Pill tone={person.role === 'admin' ? 'info' : 'neutral'}>{t(roles[person.role])}</Pill>
          {person.state === 'invited' && <Pill tone="warn">{t('Invited')}</Pill>}
          {person.state === 'deactivated' && <Pill tone="neutral">{t('Left')}</Pill>}
          {person.has_second_factor && <Pill tone="good">{t('Second factor')}</Pill>}
          {person.is_self && <span className="text-sm text-ink-2">{t('you')}</span>}
        </p>
        <p className="text-sm text-ink-2 wrap-anywhere">
          {person.full_name && `${person.email} · `}
          {person.last_seen_at ? (
            <>
              {t('seen')} <Time at={person.last_seen_at} look="ago" />
            </>
          ) : person.invited_at && person.state === 'invited' ? (
            <>
              {t('invited')} <Time at={person.invited_at} look="ago" />
            </>
          ) : (
            t('never signed in')
          )}
        </p>
      </div>
      {!person.is_self && (
        <Menu
          trigger={<IconButton icon={EllipsisVertical} label={t('Actions for {name}', { name })} />}
          items={items}
        />
      )}
    </li>
  )
}
