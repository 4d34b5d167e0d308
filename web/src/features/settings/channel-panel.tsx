import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { discard, showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { TextLink } from '../../ui/button.tsx'
import { Checkbox, Field, Input, Select } from '../../ui/field.tsx'
import { Note, Panel } from '../../ui/panel.tsx'
import { Pill } from '../../ui/pill.tsx'
import { toast } from '../../ui/toast.tsx'
import { channelReaders, type ChannelName, type Channels, type Kind } from './channel-words.ts'
import { ProviderList } from './provider-list.tsx'
import { SaveBar } from './save-bar.tsx'

const shown = (channels: Channels, channel: ChannelName) => ({
  mode: channels[channel].mode,
  rate_per_minute: channels[channel].rate_per_minute === null ? '' : String(channels[channel].rate_per_minute),
  track_opens: channels.email.track_opens,
  track_clicks: channels.email.track_clicks,
})

/** One channel: sandbox or live, its providers, its rate, and for email what is counted. */
export function ChannelPanel({
  channel,
  channels,
  kinds,
}: {
  channel: ChannelName
  channels: Channels
  kinds: readonly Kind[]
}) {
  const admin = useMay('admin')
  const isEmail = channel === 'email'
  const providers = channels.providers.filter((p) => p.channel === channel)
  const byEnvironment = isEmail && channels.email.from_environment
  const live = channels[channel].mode === 'live' || byEnvironment
  const [refusal, setRefusal] = useState<string | null>(null)
  const form = useForm({ values: shown(channels, channel), resetOptions: { keepDirtyValues: true } })
  const save = useSend('PATCH /api/v1/settings/channels', {
    refresh: channelReaders,
    onDone: (saved) => {
      form.reset(shown(saved, channel))
      toast(
        saved[channel].mode === 'live'
          ? isEmail
            ? t('Saved. Emails now leave through your providers.')
            : t('Saved. Texts now leave through your providers.')
          : t('Saved. Messages go to the sandbox mailbox.'),
      )
    },
    onError: (error) => setRefusal(showRefusal(error, form.setError, [])),
  })
  const { errors, isDirty } = form.formState
  const submit = form.handleSubmit((v) => {
    setRefusal(null)
    const rate = v.rate_per_minute.trim() === '' ? null : Number(v.rate_per_minute)
    save.mutate({
      body: isEmail
        ? {
            email: {
              mode: v.mode,
              rate_per_minute: rate,
              track_opens: v.track_opens,
              track_clicks: v.track_clicks,
            },
          }
        : { sms: { mode: v.mode, rate_per_minute: rate } },
    })
  })
  return (
    <Panel
      title={isEmail ? t('Email') : t('Texts')}
      actions={live ? <Pill tone="good">{t('Live')}</Pill> : <Pill tone="warn">{t('Sandbox')}</Pill>}
    >
      {byEnvironment && (
        <div className="mb-4">
          <Note tone="warn" title={t('SMTP_URL of the server decides')}>
            {t('The mail server comes from its environment; what is set here has no effect until that is removed.')}
          </Note>
        </div>
      )}
      <ProviderList channel={channel} providers={providers} kinds={kinds} isLive={live} />
      <form onSubmit={(e) => void submit(e)} noValidate className="mt-5 border-t border-line pt-4">
        <fieldset disabled={!admin || byEnvironment} className="grid gap-4 sm:grid-cols-2">
          <legend className="sr-only">{isEmail ? t('How emails leave') : t('How texts leave')}</legend>
          <Field
            label={t('Messages go to')}
            hint={
              providers.some((p) => p.is_active)
                ? live
                  ? t('Real customers get real messages.')
                  : t('Nothing leaves this machine.')
                : t('Nothing leaves this machine. Add a provider to go live.')
            }
          >
            <Select
              {...form.register('mode')}
              options={[
                { value: 'sandbox', label: t('Sandbox mailbox') },
                {
                  value: 'live',
                  label: t('The providers above'),
                  disabled: !providers.some((p) => p.is_active),
                },
              ]}
            />
          </Field>
          <Field
            label={isEmail ? t('Emails per minute') : t('Texts per minute')}
            hint={t('Over all providers. Empty: as fast as they take them.')}
            error={errors.rate_per_minute?.message}
          >
            <Input
              inputMode="numeric"
              {...form.register('rate_per_minute', {
                validate: (s) =>
                  s.trim() === '' || /^[1-9]\d{0,6}$/.test(s.trim()) || t('Write a whole number, or nothing.'),
              })}
            />
          </Field>
          {isEmail && (
            <div className="space-y-2 sm:col-span-2">
              <Checkbox
                label={t('Count clicks')}
                hint={t('Links go through this server first.')}
                {...form.register('track_clicks')}
              />
              <Checkbox
                label={t('Count opens')}
                hint={t(
                  'A small picture is loaded. Mail programs load it by themselves too, so opens are a rough figure.',
                )}
                {...form.register('track_opens')}
              />
            </div>
          )}
        </fieldset>
        {!live && (
          <p className="mt-3 text-sm text-ink-2">
            <TextLink to="/mailbox">{t('Open the sandbox mailbox')}</TextLink>
          </p>
        )}
        {!byEnvironment && (
          <SaveBar dirty={isDirty} busy={save.isPending} refusal={refusal} onReset={() => discard(form)} />
        )}
      </form>
    </Panel>
  )
}
