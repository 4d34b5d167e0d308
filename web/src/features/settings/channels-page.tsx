import { useState } from 'react'
import { useForm, useWatch } from 'react-hook-form'
import type { ReplyOf } from '../../lib/api.ts'
import { showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { useMay, useSession } from '../../lib/session.ts'
import { Button, TextLink } from '../../ui/button.tsx'
import { Checkbox, Field, Input, Select } from '../../ui/field.tsx'
import { QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Note, Panel } from '../../ui/panel.tsx'
import { Pill } from '../../ui/pill.tsx'
import { toast } from '../../ui/toast.tsx'
import { SaveBar } from './save-bar.tsx'
import { SettingsFrame } from './settings-frame.tsx'

type Channels = ReplyOf<'GET /api/v1/settings/channels'>

export default function ChannelsPage() {
  const channels = useApi('GET /api/v1/settings/channels')
  const admin = useMay('admin')
  return (
    <SettingsFrame>
      <QueryFrame query={channels} what={t('The channels')} skeleton={<Skeleton className="h-120" />}>
        {(data) => (
          <div className="space-y-5">
            <EmailForm channels={data} />
            <Panel title={t('Texts')} actions={<Pill tone="warn">{t('Sandbox')}</Pill>}>
              <p className="text-ink-2">
                {t('Texts go to the sandbox mailbox; no text provider is connected.')}{' '}
                <TextLink to="/mailbox">{t('Open the mailbox')}</TextLink>
              </p>
            </Panel>
            {admin && <TestForm />}
          </div>
        )}
      </QueryFrame>
    </SettingsFrame>
  )
}

const shown = ({ email }: Channels) => ({
  provider: email.provider,
  host: email.smtp?.host ?? '',
  port: email.smtp?.port ?? 587,
  security: email.smtp?.secure ? 'tls' : email.smtp?.require_tls === false ? 'maybe' : 'starttls',
  user: email.smtp?.user ?? '',
  password: '',
  rate: email.rate_per_minute === null ? '' : String(email.rate_per_minute),
  track_opens: email.track_opens,
  track_clicks: email.track_clicks,
})

function EmailForm({ channels }: { channels: Channels }) {
  const admin = useMay('admin')
  const { email } = channels
  const [refusal, setRefusal] = useState<string | null>(null)
  const form = useForm({ values: shown(channels), resetOptions: { keepDirtyValues: true } })
  const save = useSend('PATCH /api/v1/settings/channels', {
    refresh: ['GET /api/v1/settings/channels', 'GET /api/v1/analytics/dashboard'],
    onDone: (saved) => {
      form.reset(shown(saved))
      toast(
        saved.email.provider === 'smtp'
          ? t('Email channel saved. Messages now leave through {host}.', { host: saved.email.smtp?.host ?? '' })
          : t('Email channel saved. Messages go to the sandbox mailbox.'),
      )
    },
    onError: (error) => setRefusal(showRefusal(error, form.setError, ['host', 'port', 'user', 'password'])),
  })
  const { errors, isDirty } = form.formState
  const smtp = useWatch({ control: form.control, name: 'provider' }) === 'smtp'
  const submit = form.handleSubmit((v) => {
    setRefusal(null)
    save.mutate({
      body: {
        email: {
          provider: v.provider,
          ...(v.host.trim()
            ? {
                smtp: {
                  host: v.host.trim(),
                  port: v.port,
                  secure: v.security === 'tls',
                  require_tls: v.security !== 'maybe',
                  user: v.user.trim() || null,
                  // Left empty, the stored one stays.
                  ...(v.password ? { password: v.password } : {}),
                },
              }
            : {}),
          rate_per_minute: v.rate.trim() === '' ? null : Number(v.rate),
          track_opens: v.track_opens,
          track_clicks: v.track_clicks,
        },
      },
    })
  })
  return (
    <form onSubmit={(e) => void submit(e)} noValidate>
      <Panel
        title={t('Email')}
        actions={
          email.provider === 'smtp' || email.from_environment ? (
            <Pill tone="good">{t('Mail server')}</Pill>
          ) : (
            <Pill tone="warn">{t('Sandbox')}</Pill>
          )
        }
      >
        {email.from_environment && (
          <div className="mb-4">
            <Note tone="warn" title={t('SMTP_URL of the server decides')}>
              {t('The mail server comes from its environment; what is set here has no effect until that is removed.')}
            </Note>
          </div>
        )}
        <fieldset disabled={!admin || email.from_environment} className="grid gap-4 sm:grid-cols-2">
          <Field
            label={t('Messages go to')}
            className="sm:col-span-2"
            hint={smtp ? t('Real customers get real messages.') : t('Nothing leaves this machine.')}
          >
            <Select
              {...form.register('provider')}
              options={[
                { value: 'sandbox', label: t('Sandbox mailbox') },
                { value: 'smtp', label: t('A mail server (SMTP)') },
              ]}
            />
          </Field>
          {smtp && (
            <>
              <Field label={t('Server')} error={errors.host?.message}>
                <Input
                  placeholder="smtp.example.com"
                  spellCheck={false}
                  autoCapitalize="none"
                  {...form.register('host', {
                    validate: (h, v) =>
                      v.provider !== 'smtp' || h.trim() !== '' || t('Write the name of the mail server.'),
                  })}
                />
              </Field>
              <Field label={t('Port')} error={errors.port?.message}>
                <Input
                  type="number"
                  min={1}
                  max={65535}
                  {...form.register('port', {
                    valueAsNumber: true,
                    validate: (n) => (n >= 1 && n <= 65535) || t('Write a port, usually 587.'),
                  })}
                />
              </Field>
              <Field label={t('Encryption')} className="sm:col-span-2">
                <Select
                  {...form.register('security')}
                  options={[
                    { value: 'starttls', label: t('STARTTLS, required (port 587)') },
                    { value: 'tls', label: t('TLS from the start (port 465)') },
                    { value: 'maybe', label: t('STARTTLS when offered (only inside your own network)') },
                  ]}
                />
              </Field>
              <Field label={t('User')} error={errors.user?.message}>
                <Input autoComplete="off" spellCheck={false} autoCapitalize="none" {...form.register('user')} />
              </Field>
              <Field
                label={t('Password')}
                hint={
                  email.smtp?.has_password
                    ? t('One is stored. Empty: it stays.')
                    : t('Stored encrypted, never shown again.')
                }
                error={errors.password?.message}
              >
                <Input type="password" autoComplete="new-password" {...form.register('password')} />
              </Field>
            </>
          )}
          <Field
            label={t('Emails per minute')}
            hint={t('Empty: as fast as the server takes them.')}
            error={errors.rate?.message}
          >
            <Input
              inputMode="numeric"
              {...form.register('rate', {
                validate: (s) =>
                  s.trim() === '' || /^[1-9]\d*$/.test(s.trim()) || t('Write a whole number, or nothing.'),
              })}
            />
          </Field>
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
        </fieldset>
        {!email.from_environment && (
          <SaveBar dirty={isDirty} busy={save.isPending} refusal={refusal} onReset={() => form.reset()} />
        )}
      </Panel>
    </form>
  )
}

function TestForm() {
  const address = useSession((s) => s.user?.email) ?? ''
  const form = useForm({ defaultValues: { to: address } })
  const test = useSend('POST /api/v1/settings/channels/test')
  const submit = form.handleSubmit(({ to }) => test.mutate({ body: { channel: 'email', to: to.trim() } }))
  const result = test.data
  return (
    <Panel title={t('Test message')} detail={t('One plain email through the saved channel')}>
      <form onSubmit={(e) => void submit(e)} noValidate className="flex flex-wrap items-end gap-2">
        <Field label={t('To')} className="min-w-0 flex-1 basis-52" error={form.formState.errors.to?.message}>
          <Input type="email" {...form.register('to', { required: t('Write where it should go.') })} />
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
