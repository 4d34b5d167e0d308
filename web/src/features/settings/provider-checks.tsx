import { CircleAlert, CircleCheck, CircleHelp, CircleX } from 'lucide-react'
import { useEffect } from 'react'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Skeleton } from '../../ui/page.tsx'
import { Note } from '../../ui/panel.tsx'
import type { Provider } from './channel-words.ts'

const looks = {
  ok: { icon: CircleCheck, tone: 'text-good', word: 'Good' },
  warning: { icon: CircleAlert, tone: 'text-warn', word: 'Look at it' },
  missing: { icon: CircleX, tone: 'text-risk', word: 'Missing' },
  wrong: { icon: CircleX, tone: 'text-risk', word: 'Wrong' },
  unreachable: { icon: CircleHelp, tone: 'text-ink-2', word: 'Not known' },
} as const

/** SPF, DKIM and DMARC of the sender, as receivers will look them up. */
export function ProviderChecks({ provider, onClose }: { provider: Provider; onClose: () => void }) {
  const check = useSend('POST /api/v1/settings/channels/providers/:id/check', { onError: () => undefined })
  const { mutate } = check
  useEffect(() => mutate({ params: { id: provider.id } }), [mutate, provider.id])
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={t('May {name} send for you?', { name: provider.name })}
      description={
        check.data
          ? t('What receivers see for {domain}, the domain of the sender address.', { domain: check.data.domain })
          : t('Looking the records up takes a few seconds.')
      }
      footer={
        <>
          <Button onClick={() => mutate({ params: { id: provider.id } })} busy={check.isPending}>
            {t('Look again')}
          </Button>
          <Button look="primary" onClick={onClose}>
            {t('Done')}
          </Button>
        </>
      }
    >
      {check.isPending && !check.data && <Skeleton className="h-40" />}
      {check.isError && <Note tone="risk" title={t('The records could not be looked up. Try again.')} />}
      {check.data && (
        <ul className="divide-y divide-line" aria-live="polite">
          {check.data.checks.map((c) => {
            const { icon: Icon, tone, word } = looks[c.outcome]
            return (
              <li key={c.id} className="flex gap-3 py-3">
                <Icon className={`mt-0.5 size-4 shrink-0 ${tone}`} aria-hidden />
                <div className="min-w-0 flex-1">
                  <p>
                    <span className="font-medium">{c.what}</span> <span className={tone}>{t(word)}</span>
                  </p>
                  <p className="text-sm text-ink-2">{c.detail}</p>
                  {c.found && (
                    <code className="mt-1 block break-all rounded-sm bg-sunken px-2 py-1 text-xs">{c.found}</code>
                  )}
                </div>
              </li>
            )
          })}
        </ul>
      )}
    </Dialog>
  )
}
