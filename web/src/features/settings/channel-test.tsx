import { useForm, useWatch } from 'react-hook-form'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { useSession } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { Field, Input, Select } from '../../ui/field.tsx'
import { Note, Panel } from '../../ui/panel.tsx'
import type { ChannelName, Provider } from './channel-words.ts'

/** One plain message through a channel as it stands, or through one provider before it is live. */
export function ChannelTest({ providers }: { providers: readonly Provider[] }) {
  const address = useSession((s) => s.user?.email) ?? ''
  const form = useForm({ defaultValues: { through: 'email', to: address } })
  const test = useSend('POST /api/v1/settings/channels/test')
  const through = useWatch({ control: form.control, name: 'through' })
  const channelOf = (value: string): ChannelName =>
    providers.find((p) => p.id === value)?.channel ?? (value === 'sms' ? 'sms' : 'email')
  const isText = channelOf(through) === 'sms'
  const submit = form.handleSubmit((v) =>
    test.mutate({
      body: {
        channel: channelOf(v.through),
        to: v.to.trim(),
        provider_id: providers.some((p) => p.id === v.through) ? v.through : null,
      },
    }),
  )
  const result = test.data
  return (
    <Panel title={t('Test message')} detail={t('One plain message to yourself; it counts nowhere')}>
      <form onSubmit={(e) => void submit(e)} noValidate className="flex flex-wrap items-end gap-2">
        <Field label={t('Through')} className="min-w-0 flex-1 basis-52">
          <Select
            {...form.register('through')}
            options={[
              { value: 'email', label: t('Email, as it is set') },
              { value: 'sms', label: t('Texts, as they are set') },
              ...providers.map((p) => ({ value: p.id, label: t('Only {name}', { name: p.name }) })),
            ]}
          />
        </Field>
        <Field
          label={isText ? t('To this number') : t('To this address')}
          className="min-w-0 flex-1 basis-52"
          error={form.formState.errors.to?.message}
        >
          <Input
            type={isText ? 'tel' : 'email'}
            {...form.register('to', { required: t('Write where it should go.') })}
          />
        </Field>
        <Button type="submit" busy={test.isPending}>
          {test.isPending ? t('Sending') : t('Send test')}
        </Button>
      </form>
      {result && (
        <div className="mt-3">
          <Note
            tone={result.ok ? 'good' : 'risk'}
            title={result.ok ? t('Accepted by {provider}', { provider: result.provider }) : t('Not accepted')}
          >
            {result.detail}
          </Note>
        </div>
      )}
    </Panel>
  )
}
