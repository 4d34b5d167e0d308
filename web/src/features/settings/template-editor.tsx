import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { UseFormReturn } from 'react-hook-form'
import { discard, showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { Checkbox, Field, Input, Textarea } from '../../ui/field.tsx'
import { Note, Panel } from '../../ui/panel.tsx'
import { toast } from '../../ui/toast.tsx'
import { BodyEditor } from './blocks/body-editor.tsx'
import { formOf, wordsOf, type TemplateForm } from './template-form.ts'
import type { Template } from './templates-page.tsx'

const fields = [
  'name',
  'subject_template',
  'preheader_template',
  'body_mjml_template',
  'body_text_template',
  'is_active',
] as const

/** The words of a template; saving refuses what cannot be sent, at its field. */
export function TemplateEditor({ template, form }: { template: Template; form: UseFormReturn<TemplateForm> }) {
  const may = useMay('manager')
  const navigate = useNavigate()
  const [refusal, setRefusal] = useState<string | null>(null)
  const isEmail = template.channel === 'email'
  const save = useSend('PATCH /api/v1/settings/templates/:id', {
    refresh: ['GET /api/v1/settings/templates'],
    onDone: ({ template: saved, problems }) => {
      form.reset(formOf(saved))
      toast(
        problems.length === 0
          ? t('{name} saved', { name: saved.name })
          : t('{name} saved with {count, plural, one {# remark} other {# remarks}}', {
              name: saved.name,
              count: problems.length,
            }),
      )
      // A new version has an address of its own.
      if (saved.id !== template.id)
        void navigate({ to: '/settings/templates/$id', params: { id: saved.id }, replace: true } as never)
    },
    onError: (error) => setRefusal(showRefusal(error, form.setError, [...fields])),
  })
  const { errors, isDirty } = form.formState
  const submit = form.handleSubmit((v) => {
    setRefusal(null)
    save.mutate({
      params: { id: template.id },
      body: { name: v.name.trim(), is_active: v.is_active, ...wordsOf(template.channel, v) },
    })
  })
  return (
    <form onSubmit={(e) => void submit(e)} noValidate>
      <fieldset disabled={!may} className="min-w-0 space-y-5">
        <Panel title={t('Words')}>
          <div className="space-y-4">
            {refusal && <Note tone="risk" title={refusal} />}
            <Field label={t('Name')} required error={errors.name?.message}>
              <Input {...form.register('name', { required: t('Needed.') })} />
            </Field>
            {isEmail && (
              <>
                <Field label={t('Subject')} required error={errors.subject_template?.message}>
                  <Input {...form.register('subject_template', { required: t('Needed.') })} />
                </Field>
                <Field
                  label={t('Preview line')}
                  hint={t('Shown after the subject in the list of mails.')}
                  error={errors.preheader_template?.message}
                >
                  <Input {...form.register('preheader_template')} />
                </Field>
                <BodyEditor form={form} may={may} />
              </>
            )}
            <Field
              label={isEmail ? t('Plain text') : t('Text message')}
              required
              hint={isEmail ? t('For mail programs without HTML.') : undefined}
              error={errors.body_text_template?.message}
            >
              <Textarea
                rows={isEmail ? 10 : 5}
                className="font-mono text-[13px] leading-5"
                {...form.register('body_text_template', { required: t('Needed.') })}
              />
            </Field>
            <Checkbox label={t('Use it in new plans')} {...form.register('is_active')} />
          </div>
        </Panel>
        {may && (
          <div className="flex justify-end gap-2">
            <Button disabled={!isDirty || save.isPending} onClick={() => discard(form)}>
              {t('Discard changes')}
            </Button>
            <Button type="submit" look="primary" disabled={!isDirty} busy={save.isPending}>
              {t('Save')}
            </Button>
          </div>
        )}
      </fieldset>
    </form>
  )
}
