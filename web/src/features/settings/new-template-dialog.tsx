import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { blocksText, newBody } from '#core/delivery/blocks.ts'
import { showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Field, Input, Select } from '../../ui/field.tsx'
import { Note } from '../../ui/panel.tsx'
import { newBlock } from './blocks/block-words.ts'
import type { TemplateWords } from './template-form.ts'
import type { Template } from './templates-page.tsx'

/** What messages are for; the planner looks for a template of its offer's kind. */
const categories: readonly (readonly [string, string])[] = [
  ['new_arrivals', 'New arrivals'],
  ['win_back', 'Win back'],
  ['bundle', 'Goes well together'],
  ['discovery', 'Discovery'],
  ['replenishment', 'Running low'],
  ['tasting_event', 'Tasting'],
  ['birthday', 'Birthday'],
  ['welcome', 'Welcome'],
  ['early_access', 'Early access'],
]

/** Names a template and says what it begins with; the words are written on its page. */
export function NewTemplateDialog({
  channel,
  templates,
  onClose,
}: {
  channel: Template['channel']
  templates: readonly Template[]
  onClose: () => void
}) {
  const navigate = useNavigate()
  const [refusal, setRefusal] = useState<string | null>(null)
  const form = useForm({ defaultValues: { name: '', from: '', category: 'new_arrivals' } })
  const { errors } = form.formState
  const own = templates.filter((x) => x.channel === channel)
  const create = useSend('POST /api/v1/settings/templates', {
    refresh: ['GET /api/v1/settings/templates'],
    onDone: ({ template }) => void navigate({ to: '/settings/templates/$id', params: { id: template.id } } as never),
    onError: (error) => setRefusal(showRefusal(error, form.setError, ['name'])),
  })
  const submit = form.handleSubmit(({ name, from, category }) => {
    setRefusal(null)
    const copied = own.find((x) => x.id === from)
    create.mutate({
      body: {
        key: keyOf(name, templates),
        name: name.trim(),
        channel,
        category,
        // Not in plans before somebody has looked at it.
        is_active: false,
        ...(copied ? wordsOf(copied) : blank(channel, name.trim())),
      },
    })
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={channel === 'email' ? t('New email') : t('New text message')}
      footer={
        <>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button look="primary" form="new-template" type="submit" busy={create.isPending}>
            {t('Begin')}
          </Button>
        </>
      }
    >
      <form id="new-template" className="space-y-4" onSubmit={(e) => void submit(e)} noValidate>
        {refusal && <Note tone="risk" title={refusal} />}
        <Field label={t('Name')} required error={errors.name?.message}>
          <Input maxLength={120} {...form.register('name', { required: t('Needed.') })} />
        </Field>
        <Field label={t('Begins as')}>
          <Select
            {...form.register('from')}
            options={[
              { value: '', label: channel === 'email' ? t('a few blocks') : t('an empty text') },
              ...own.map((x) => ({ value: x.id, label: t('a copy of “{name}”', { name: x.name }) })),
            ]}
          />
        </Field>
        <Field label={t('What it is for')} hint={t('The planner picks templates by this.')}>
          <Select
            {...form.register('category')}
            options={categories.map(([value, label]) => ({ value, label: t(label) }))}
          />
        </Field>
      </form>
    </Dialog>
  )
}

function wordsOf(template: Template): TemplateWords {
  const { subject_template, preheader_template, body_mjml_template, body_text_template } = template
  return { subject_template, preheader_template, body_mjml_template, body_text_template }
}

function blank(channel: Template['channel'], name: string): TemplateWords {
  if (channel === 'sms')
    return {
      subject_template: null,
      preheader_template: null,
      body_mjml_template: null,
      body_text_template:
        '{% if offer.title %}{{ offer.title }}{% else %}News from the shelf{% endif %}: {{ store.url }}',
    }
  const blocks = (['heading', 'text', 'offer', 'products', 'button'] as const).map(newBlock)
  return {
    subject_template: name.replace(/[{}%]/g, ''),
    preheader_template: null,
    body_mjml_template: newBody(blocks),
    body_text_template: blocksText(blocks),
  }
}

/** A key that no template has yet: small letters, digits, underscores. */
function keyOf(name: string, templates: readonly Template[]): string {
  const plain = name
    .toLowerCase()
    .normalize('NFD')
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 50)
  const base = plain.length >= 2 ? plain : 'template'
  const taken = new Set(templates.map((x) => x.key))
  let key = base
  for (let n = 2; taken.has(key); n++) key = `${base}_${n}`
  return key
}
