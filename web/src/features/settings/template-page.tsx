import { useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button, TextLink } from '../../ui/button.tsx'
import { Checkbox, Field, Input, Textarea } from '../../ui/field.tsx'
import { Empty, Page, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Note, Panel } from '../../ui/panel.tsx'
import { toast } from '../../ui/toast.tsx'
import { TemplatePreview } from './template-preview.tsx'
import type { Template } from './templates-page.tsx'

const fields = [
  'name',
  'subject_template',
  'preheader_template',
  'body_mjml_template',
  'body_text_template',
  'is_active',
] as const

/** One template: its words beside what a customer gets. */
export default function TemplatePage() {
  const { id } = useParams({ strict: false }) as { id: string }
  const query = useApi('GET /api/v1/settings/templates', { query: {} })
  const back = <TextLink to="/settings/templates">{t('Templates')}</TextLink>
  return (
    <QueryFrame query={query} what={t('The template')} skeleton={<Skeleton className="m-6 h-120" />}>
      {({ data }) => {
        const template = data.find((x) => x.id === id)
        if (!template)
          return (
            <Page title={t('Template')} back={back} narrow>
              <Empty title={t('There is no such template')}>
                {t('A newer version may have taken its place. Choose it from the list.')}
              </Empty>
            </Page>
          )
        return (
          <Page
            title={template.name}
            back={back}
            subtitle={t('Version {n}. A version that was sent is kept as it was; a change makes the next one.', {
              n: template.version,
            })}
          >
            <div className="grid items-start gap-5 lg:grid-cols-2">
              <Editor key={template.id} template={template} />
              <TemplatePreview template={template} />
            </div>
          </Page>
        )
      }}
    </QueryFrame>
  )
}

function Editor({ template }: { template: Template }) {
  const may = useMay('manager')
  const navigate = useNavigate()
  const [refusal, setRefusal] = useState<string | null>(null)
  const isEmail = template.channel === 'email'
  const form = useForm({
    values: {
      name: template.name,
      subject_template: template.subject_template ?? '',
      preheader_template: template.preheader_template ?? '',
      body_mjml_template: template.body_mjml_template ?? '',
      body_text_template: template.body_text_template,
      is_active: template.is_active,
    },
    resetOptions: { keepDirtyValues: true },
  })
  const save = useSend('PATCH /api/v1/settings/templates/:id', {
    refresh: ['GET /api/v1/settings/templates'],
    onDone: ({ template: saved, problems }) => {
      form.reset(form.getValues())
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
    const words = { name: v.name.trim(), body_text_template: v.body_text_template, is_active: v.is_active }
    save.mutate({
      params: { id: template.id },
      body: isEmail
        ? {
            ...words,
            subject_template: v.subject_template,
            preheader_template: v.preheader_template || null,
            body_mjml_template: v.body_mjml_template,
          }
        : words,
    })
  })
  return (
    <form onSubmit={(e) => void submit(e)} noValidate>
      <fieldset disabled={!may} className="space-y-5">
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
                <Field
                  label={t('Body, MJML')}
                  hint={t('Values stand in double braces, like {example}; they are always escaped.', {
                    example: '{{ first_name }}',
                  })}
                  error={errors.body_mjml_template?.message}
                >
                  <Textarea
                    rows={18}
                    spellCheck={false}
                    className="font-mono text-[13px] leading-5"
                    {...form.register('body_mjml_template', { required: t('Needed.') })}
                  />
                </Field>
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
            <Button disabled={!isDirty || save.isPending} onClick={() => form.reset()}>
              {t('Discard changes')}
            </Button>
            <Button type="submit" look="primary" disabled={!isDirty} busy={save.isPending}>
              {t('Save and preview')}
            </Button>
          </div>
        )}
      </fieldset>
    </form>
  )
}
