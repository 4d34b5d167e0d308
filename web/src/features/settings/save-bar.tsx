import { t } from '../../lib/i18n.ts'
import { useMay } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { Note } from '../../ui/panel.tsx'

/** Save and discard, for those who may; and what the server said about the whole form. */
export function SaveBar({
  dirty,
  busy,
  refusal,
  onReset,
}: {
  dirty: boolean
  busy: boolean
  refusal: string | null
  onReset: () => void
}) {
  const admin = useMay('admin')
  if (!admin) return null
  return (
    <div className="mt-5 space-y-3">
      {refusal && <Note tone="risk" title={refusal} />}
      <div className="flex justify-end gap-2">
        <Button disabled={!dirty || busy} onClick={onReset}>
          {t('Discard changes')}
        </Button>
        <Button type="submit" look="primary" disabled={!dirty} busy={busy}>
          {t('Save')}
        </Button>
      </div>
    </div>
  )
}
