import { Link } from '@tanstack/react-router'
import { useEffect, useRef, type ReactNode } from 'react'
import { t } from '../../lib/i18n.ts'
import { useMay } from '../../lib/session.ts'
import { Page } from '../../ui/page.tsx'
import { Note } from '../../ui/panel.tsx'

const sections = [
  ['/settings', 'Shop'],
  ['/settings/stores', 'Stores'],
  ['/settings/limits', 'Sending limits'],
  ['/settings/channels', 'Channels'],
  ['/settings/templates', 'Templates'],
  ['/settings/sign-up', 'Sign-up'],
  ['/settings/compliance', 'Compliance'],
  ['/settings/tills', 'Tills'],
  ['/settings/webhooks', 'Webhooks'],
  ['/settings/people', 'People'],
  ['/settings/api-keys', 'API keys'],
  ['/settings/llm', 'Model'],
  ['/settings/audit', 'Audit'],
  ['/settings/system', 'System'],
] as const

/** Title, the sections of the settings, and for whom they are closed. `changedBy` may change them. */
export function SettingsFrame({
  changedBy = 'admin',
  children,
}: {
  changedBy?: 'admin' | 'manager'
  children: ReactNode
}) {
  const may = useMay(changedBy)
  const tabs = useRef<HTMLElement>(null)
  useEffect(() => {
    // More sections than fit on a phone: the one that is open must be in sight.
    tabs.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [])
  return (
    <Page title={t('Settings')} narrow>
      <nav
        ref={tabs}
        aria-label={t('Settings')}
        className="relative mb-5 flex gap-1 overflow-x-auto border-b border-line"
      >
        {sections.map(([to, label]) => (
          <Link
            key={to}
            to={to}
            activeOptions={{ exact: true }}
            activeProps={{ className: 'border-primary text-ink', 'aria-current': 'page' }}
            inactiveProps={{ className: 'border-transparent text-ink-2 hover:text-ink' }}
            className="flex h-10 shrink-0 items-center border-b-2 px-2.5 font-medium focus-visible:-outline-offset-2"
          >
            {t(label)}
          </Link>
        ))}
      </nav>
      {!may && (
        <div className="mb-5">
          <Note
            title={
              changedBy === 'manager' ? t('Only a manager may change these.') : t('Only an admin may change these.')
            }
          >
            {t('You can read them. Ask an admin of your shop for a change.')}
          </Note>
        </div>
      )}
      <div className="space-y-5">{children}</div>
    </Page>
  )
}
