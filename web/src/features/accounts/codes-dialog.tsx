import { Download } from 'lucide-react'
import { saveFile } from '../../lib/api.ts'
import { t } from '../../lib/i18n.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Note } from '../../ui/panel.tsx'

/** Recovery codes, shown once. */
export function CodesDialog({ codes, onClose }: { codes: readonly string[]; onClose: () => void }) {
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('Your recovery codes')}
      footer={
        <>
          <Button
            onClick={() => saveFile(new Blob([`${codes.join('\n')}\n`], { type: 'text/plain' }), 'recovery-codes.txt')}
          >
            <Download aria-hidden />
            {t('Save as a file')}
          </Button>
          <Button look="primary" onClick={onClose}>
            {t('I have stored them')}
          </Button>
        </>
      }
    >
      <div className="space-y-4">
        <Note tone="warn" title={t('They are shown now and never again')}>
          {t('If the phone is lost, each of them opens your account once in place of the app. Keep them elsewhere.')}
        </Note>
        <ol className="grid grid-cols-2 gap-x-6 gap-y-1.5 rounded-md bg-sunken px-4 py-3 font-mono">
          {codes.map((code) => (
            <li key={code}>{code}</li>
          ))}
        </ol>
      </div>
    </Dialog>
  )
}
