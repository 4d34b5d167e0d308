import { useState } from 'react'
import { t } from '../../lib/i18n.ts'
import { Button, LinkButton } from '../../ui/button.tsx'
import { Field, Input } from '../../ui/field.tsx'
import { Panel } from '../../ui/panel.tsx'
import type { SegmentDetail } from './segment-page.tsx'

/** A segment without a rule: what it is called, and where its members are picked. */
export function PickedForm({
  segment,
  save,
  busy,
}: {
  segment: SegmentDetail
  /** null: not for this role */
  save: ((body: { name: string; description: string | null }) => void) | null
  busy: boolean
}) {
  const [name, setName] = useState(segment.name)
  const [description, setDescription] = useState(segment.description ?? '')
  const changed = name !== segment.name || description !== (segment.description ?? '')
  return (
    <Panel
      title={t('Picked by hand')}
      detail={t('Nobody comes or goes by themselves. Choose customers in the list, then press “Add to segment”.')}
      actions={
        <LinkButton size="sm" to="/customers" search={{ members: segment.id }}>
          {t('See its customers')}
        </LinkButton>
      }
    >
      {save && (
        <form
          className="grid items-end gap-3 sm:grid-cols-[1fr_2fr_auto]"
          onSubmit={(e) => {
            e.preventDefault()
            save({ name: name.trim(), description: description.trim() || null })
          }}
        >
          <Field label={t('Name')} required>
            <Input value={name} maxLength={120} onChange={(e) => setName(e.target.value)} />
          </Field>
          <Field label={t('Description')}>
            <Input value={description} maxLength={500} onChange={(e) => setDescription(e.target.value)} />
          </Field>
          <Button type="submit" look="primary" busy={busy} disabled={!changed || name.trim() === ''}>
            {t('Save')}
          </Button>
        </form>
      )}
    </Panel>
  )
}
