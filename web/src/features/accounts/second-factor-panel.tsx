import { ShieldCheck } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { t } from '../../lib/i18n.ts'
import { useSession } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Pill } from '../../ui/pill.tsx'
import { toast } from '../../ui/toast.tsx'
import { CodesDialog } from './codes-dialog.tsx'
import { PasswordDialog } from './password-dialog.tsx'

// With it comes the code that draws QR pictures.
const AddDialog = lazy(() => import('./add-factor-dialog.tsx'))

/** The second factor of one's own account: add it, remove it, or print new recovery codes. */
export function SecondFactorPanel({ isOn }: { isOn: boolean }) {
  const [open, setOpen] = useState<'add' | 'remove' | 'renew' | null>(null)
  const [codes, setCodes] = useState<string[] | null>(null)
  const close = (): void => setOpen(null)
  const changed = (has_second_factor: boolean): void => {
    const { user } = useSession.getState()
    if (user) useSession.setState({ user: { ...user, has_second_factor } })
  }
  return (
    <Panel
      title={t('Second factor')}
      detail={t('A code of an app on your phone beside the password: who finds out the password alone stays outside.')}
      actions={isOn ? <Pill tone="good">{t('On')}</Pill> : <Pill tone="warn">{t('Off')}</Pill>}
    >
      <div className="flex flex-wrap gap-2">
        {isOn ? (
          <>
            <Button onClick={() => setOpen('renew')}>{t('New recovery codes')}</Button>
            <Button look="quiet" onClick={() => setOpen('remove')}>
              {t('Remove')}
            </Button>
          </>
        ) : (
          <Button onClick={() => setOpen('add')}>
            <ShieldCheck aria-hidden />
            {t('Add a second factor')}
          </Button>
        )}
      </div>
      {open === 'add' && (
        <Suspense>
          <AddDialog
            onClose={close}
            onDone={(recovery) => {
              changed(true)
              close()
              setCodes(recovery)
            }}
          />
        </Suspense>
      )}
      {open === 'renew' && (
        <PasswordDialog
          endpoint="POST /api/v1/users/me/recovery-codes"
          title={t('New recovery codes')}
          description={t('The old ones end.')}
          action={t('Make new codes')}
          onClose={close}
          onDone={(reply) => {
            close()
            setCodes(reply?.recovery_codes ?? [])
          }}
        />
      )}
      {open === 'remove' && (
        <PasswordDialog
          endpoint="POST /api/v1/users/me/second-factor/remove"
          title={t('Remove the second factor')}
          description={t('From then on the password alone opens your account.')}
          action={t('Remove it')}
          onClose={close}
          onDone={() => {
            changed(false)
            close()
            toast(t('The second factor is removed'))
          }}
        />
      )}
      {codes && <CodesDialog codes={codes} onClose={() => setCodes(null)} />}
    </Panel>
  )
}
