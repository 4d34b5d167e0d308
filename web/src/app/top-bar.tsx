import { useNavigate } from '@tanstack/react-router'
import { Keyboard, LogOut, Monitor, Moon, Sun, UserRound } from 'lucide-react'
import type { User } from '#contract/accounts.ts'
import { cx } from '../lib/cx.ts'
import { count } from '../lib/format.ts'
import { t } from '../lib/i18n.ts'
import { useLiveStates } from '../lib/live.ts'
import { queryClient, refresh, useApi, useSend } from '../lib/query.ts'
import { endSession, useMay } from '../lib/session.ts'
import { setTheme, useLook } from '../lib/theme.ts'
import { IconButton, TextLink } from '../ui/button.tsx'
import { confirm } from '../ui/confirm.tsx'
import { Menu } from '../ui/menu.tsx'
import { toast } from '../ui/toast.tsx'

/** Whether what is on screen follows the server. */
export function LiveMark() {
  const states = Object.values(useLiveStates((s) => s.states))
  const state = states.includes('offline')
    ? 'offline'
    : states.length === 0 || states.includes('connecting')
      ? 'connecting'
      : 'live'
  const word = { live: t('Live'), connecting: t('Connecting'), offline: t('Offline, retrying') }[state]
  return (
    <span role="status" data-live={state} className="label flex items-center gap-1.5 px-1 text-ink-2" title={word}>
      <span
        className={cx('size-2 rounded-full', { live: 'bg-good', connecting: 'bg-warn', offline: 'bg-risk' }[state])}
        aria-hidden
      />
      <span className={state === 'live' ? 'max-sm:sr-only' : 'max-[420px]:sr-only'}>{word}</span>
    </span>
  )
}

/** Amber while no real message can leave. */
export function SandboxMark() {
  const { data } = useApi('GET /api/v1/settings/channels', undefined, { staleMs: 60_000 })
  if (!data) return null
  const email = data.email.mode === 'sandbox' && !data.email.from_environment
  const sms = data.sms.mode === 'sandbox'
  if (!email) return null
  return (
    <TextLink to="/mailbox" className="label rounded-sm bg-warn-soft px-1.5 py-0.5 text-warn! no-underline!">
      <span
        title={
          sms
            ? t('Email and texts go to the sandbox mailbox. Nothing leaves this machine.')
            : t('Email goes to the sandbox mailbox. Nothing leaves this machine.')
        }
      >
        <span className="max-lg:sr-only">{t('Sandbox mode')}</span>
        <span className="lg:hidden" aria-hidden>
          {t('Sandbox')}
        </span>
      </span>
    </TextLink>
  )
}

/** Says that the shop is invented, and removes it in one go. */
export function DemoMark() {
  const { data } = useApi('GET /api/v1/demo', undefined, { staleMs: 60_000 })
  const admin = useMay('admin')
  const remove = useSend('DELETE /api/v1/demo', {
    onDone: (r) => {
      toast(
        t('Removed {customers} demo customers and {orders} orders', {
          customers: count(r.removed_customers),
          orders: count(r.removed_orders),
        }),
      )
      void refresh()
    },
  })
  if (!data?.present) return null
  const ask = async (): Promise<void> => {
    const yes = await confirm({
      title: t('Remove all demo data?'),
      body: t(
        '{customers} invented customers, {orders} orders and {campaigns} campaigns go, with their messages and figures. What you imported yourself stays. This cannot be undone.',
        {
          customers: count(data.customers),
          orders: count(data.orders),
          campaigns: count(data.campaigns),
        },
      ),
      action: t('Remove {n} demo customers', { n: count(data.customers) }),
      tone: 'risk',
    })
    if (yes) remove.mutate()
  }
  return (
    <span className="label flex items-center gap-2 rounded-sm bg-info-soft px-1.5 py-0.5 text-info max-sm:hidden">
      {t('Demo data')}
      {admin && (
        <button
          type="button"
          className="font-normal underline underline-offset-2 disabled:opacity-50"
          disabled={remove.isPending}
          onClick={() => void ask()}
        >
          {remove.isPending ? t('Removing') : t('Remove')}
          <span className="sr-only"> {t('demo data')}</span>
        </button>
      )}
    </span>
  )
}

export function ThemeSwitch() {
  const theme = useLook((s) => s.theme)
  const Icon = { light: Sun, dark: Moon, system: Monitor }[theme]
  const options = [
    { value: 'light', label: t('Light') },
    { value: 'dark', label: t('Dark') },
    { value: 'system', label: t('As the system') },
  ] as const
  return (
    <span className="max-sm:hidden">
      <Menu
        trigger={<IconButton icon={Icon} label={t('Theme')} />}
        items={options.map((o) => ({ label: o.label, checked: o.value === theme, onSelect: () => setTheme(o.value) }))}
      />
    </span>
  )
}

export function UserMenu({ user, onKeys }: { user: User; onKeys: () => void }) {
  const navigate = useNavigate()
  useLook((s) => s.theme)
  const dark = document.documentElement.classList.contains('dark')
  const leave = useSend('POST /api/v1/auth/logout', {
    onDone: () => {
      endSession('out')
      queryClient.clear()
      void navigate({ to: '/' })
    },
  })
  const initials = (user.full_name ?? user.email)
    .split(/[\s@.]+/)
    .slice(0, 2)
    .map((w) => w[0]?.toUpperCase())
    .join('')
  return (
    <Menu
      trigger={
        <button
          type="button"
          className="label grid size-8 shrink-0 place-items-center rounded-full bg-primary text-on-primary"
        >
          <span aria-hidden>{initials}</span>
          <span className="sr-only">{t('Your account: {email}', { email: user.email })}</span>
        </button>
      }
      items={[
        { heading: user.full_name ? `${user.full_name}, ${user.role}` : `${user.email}, ${user.role}` },
        { label: t('Your account'), icon: UserRound, to: '/profile' },
        {
          label: dark ? t('Use the light theme') : t('Use the dark theme'),
          icon: dark ? Sun : Moon,
          onSelect: () => setTheme(dark ? 'light' : 'dark'),
        },
        { label: t('Keys'), icon: Keyboard, keys: '?', onSelect: onKeys },
        'separator',
        { label: t('Sign out'), icon: LogOut, onSelect: () => leave.mutate() },
      ]}
    />
  )
}
