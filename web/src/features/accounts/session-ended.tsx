import { t } from '../../lib/i18n.ts'
import { queryClient } from '../../lib/query.ts'
import { endSession, useSession } from '../../lib/session.ts'
import { TextButton } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { SignInForm } from './sign-in-form.tsx'

/** Over the page that was open: what was typed there is still there after signing in. */
export default function SessionEnded() {
  const user = useSession((s) => s.user)
  const leave = (): void => {
    queryClient.clear()
    endSession('out')
  }
  return (
    <Dialog
      open
      onClose={leave}
      title={t('Your session has ended')}
      description={t('Sign in again to go on where you were. Nothing on this page is lost.')}
      footer={<TextButton onClick={leave}>{t('Use another account')}</TextButton>}
    >
      <SignInForm email={user?.email ?? ''} />
    </Dialog>
  )
}
