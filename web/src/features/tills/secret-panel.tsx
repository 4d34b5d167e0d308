import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { CopyField } from '../../ui/copy-field.tsx'
import { Field, Input } from '../../ui/field.tsx'
import { Note, Panel } from '../../ui/panel.tsx'
import { Pill } from '../../ui/pill.tsx'
import { Time } from '../../ui/time.tsx'
import { toast } from '../../ui/toast.tsx'
import { readers, type Till } from './till-words.ts'

/** The secret that signs: given by the shop or made here, changed without losing a post in between. */
export function SecretPanel({ till }: { till: Till }) {
  const admin = useMay('admin')
  const theirs = till.secret_from === 'them'
  const [refusal, setRefusal] = useState<string | null>(null)
  const [made, setMade] = useState<string | null>(null)
  const form = useForm({ defaultValues: { secret: '' } })
  const save = useSend('PATCH /api/v1/integrations/:id', {
    refresh: readers,
    onDone: ({ secret }) => {
      setMade(secret)
      form.reset()
      toast(t('Signing secret saved'))
    },
    onError: (error) => setRefusal(showRefusal(error, form.setError, ['secret'])),
  })
  const end = useSend('PATCH /api/v1/integrations/:id', {
    refresh: readers,
    onDone: () => toast(t('Only the new secret is good now')),
  })
  const submit = form.handleSubmit(({ secret }) => {
    setRefusal(null)
    save.mutate({ params: { id: till.id }, body: { secret } })
  })
  return (
    <Panel
      title={t('Signing secret')}
      actions={till.has_secret ? <Pill tone="good">{t('Set')}</Pill> : <Pill tone="warn">{t('Missing')}</Pill>}
    >
      <div className="space-y-4">
        {!till.has_secret && (
          <Note tone="warn" title={t('Until it is here, every post is refused')}>
            {t('Shopify tries again for four hours.')}
          </Note>
        )}
        {till.old_secret_until && (
          <Note title={t('Two secrets are good')}>
            {t('The one before ends')} <Time at={till.old_secret_until} look="full" />.{' '}
            {admin && (
              <Button
                size="sm"
                className="mt-2"
                busy={end.isPending}
                onClick={() => end.mutate({ params: { id: till.id }, body: { end_old_secret: true } })}
              >
                {t('End it now')}
              </Button>
            )}
          </Note>
        )}
        {made && (
          <CopyField
            label={t('New secret')}
            value={made}
            hint={t('Shown now and never again. Paste it into each webhook of the shop.')}
          />
        )}
        {refusal && <Note tone="risk" title={refusal} />}
        {admin &&
          (theirs ? (
            <form className="space-y-3" onSubmit={(e) => void submit(e)} noValidate>
              <Field
                label={till.has_secret ? t('Another secret') : t('Secret that Shopify shows')}
                error={form.formState.errors.secret?.message}
                hint={t('It is kept encrypted and never shown again.')}
              >
                <Input
                  type="password"
                  autoComplete="off"
                  spellCheck={false}
                  {...form.register('secret', { required: t('Paste the secret.') })}
                />
              </Field>
              <div className="flex justify-end">
                <Button type="submit" look={till.has_secret ? 'outline' : 'primary'} busy={save.isPending}>
                  {t('Save')}
                </Button>
              </div>
            </form>
          ) : (
            <div className="flex flex-wrap items-center justify-between gap-2">
              <p className="min-w-0 flex-1 basis-48 text-sm text-ink-2">
                {t('The present one stays good for three days, so that nothing is lost while you paste the next.')}
              </p>
              <Button
                busy={save.isPending}
                onClick={() => save.mutate({ params: { id: till.id }, body: { new_secret: true } })}
              >
                {t('Make a new one')}
              </Button>
            </div>
          ))}
      </div>
    </Panel>
  )
}
