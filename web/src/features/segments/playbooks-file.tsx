import { FileDown, FileUp } from 'lucide-react'
import { useRef, useState } from 'react'
import { api, ApiError, download, type ReplyOf } from '../../lib/api.ts'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Note, Panel } from '../../ui/panel.tsx'
import { toast, toastError } from '../../ui/toast.tsx'
import { fieldWord } from './playbook-words.ts'

type Changes = ReplyOf<'POST /api/v1/segments/playbooks.yaml'>
interface Given {
  name: string
  yaml: string
  changes: Changes | null
  faults: { path: string; message: string }[]
}

/** All playbooks as one file: to keep, to change elsewhere, to carry to another shop. */
export function PlaybooksFile() {
  const may = useMay('manager')
  const input = useRef<HTMLInputElement>(null)
  const [given, setGiven] = useState<Given | null>(null)
  const take = async (file: File): Promise<void> => {
    const yaml = await file.text()
    try {
      const changes = await api('POST /api/v1/segments/playbooks.yaml', { body: { yaml, dry_run: true } })
      setGiven({ name: file.name, yaml, changes, faults: [] })
    } catch (error) {
      if (error instanceof ApiError && error.fields.length > 0)
        setGiven({ name: file.name, yaml, changes: null, faults: error.fields })
      else toastError(error)
    }
  }
  return (
    <Panel title={t('Playbooks as a file')} detail={t('YAML: keep them, change them elsewhere, carry them over.')}>
      <div className="flex flex-wrap gap-2">
        <Button
          onClick={() => void download('GET /api/v1/segments/playbooks.yaml', {}, 'playbooks.yaml').catch(toastError)}
        >
          <FileDown aria-hidden />
          {t('Download playbooks')}
        </Button>
        {may && (
          <>
            <Button onClick={() => input.current?.click()}>
              <FileUp aria-hidden />
              {t('Read a file')}
            </Button>
            <input
              ref={input}
              type="file"
              aria-label={t('File of playbooks')}
              accept=".yaml,.yml"
              className="hidden"
              onChange={(e) => {
                const file = e.target.files?.[0]
                if (file) void take(file)
                e.target.value = ''
              }}
            />
          </>
        )}
      </div>
      {given && <Outcome given={given} onClose={() => setGiven(null)} />}
    </Panel>
  )
}

function Outcome({ given: { name, yaml, changes, faults }, onClose }: { given: Given; onClose: () => void }) {
  const save = useSend('POST /api/v1/segments/playbooks.yaml', {
    refresh: ['GET /api/v1/segments'],
    onDone: (done) => {
      toast(t('{n, plural, one {# playbook} other {# playbooks}} changed', { n: done.changed.length }))
      onClose()
    },
  })
  const some = changes !== null && changes.changed.length > 0
  return (
    <Dialog
      open
      onClose={onClose}
      title={name}
      description={
        faults.length > 0
          ? t('Nothing was taken over. Correct these and read the file again.')
          : some
            ? t('This is what it would change:')
            : t('Every playbook in it is as it is here already.')
      }
      footer={
        <>
          <Button onClick={onClose}>{some ? t('Cancel') : t('Close')}</Button>
          {some && (
            <Button look="primary" busy={save.isPending} onClick={() => save.mutate({ body: { yaml } })}>
              {t('Change {n, plural, one {# playbook} other {# playbooks}}', { n: changes.changed.length })}
            </Button>
          )}
        </>
      }
    >
      {faults.length > 0 ? (
        <ul className="space-y-2">
          {faults.map((f) => (
            <li key={f.path + f.message}>
              <Note tone="risk" title={f.path}>
                {f.message}
              </Note>
            </li>
          ))}
        </ul>
      ) : (
        <ul className="space-y-1">
          {changes?.changed.map((c) => (
            <li key={c.key}>
              <span className="font-medium">{c.name}</span>{' '}
              <span className="text-ink-2">{c.fields.map(fieldWord).join(', ')}</span>
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  )
}
