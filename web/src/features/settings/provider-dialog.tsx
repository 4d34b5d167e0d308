import { Copy } from 'lucide-react'
import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Checkbox, Field, Input, Select } from '../../ui/field.tsx'
import { Note } from '../../ui/panel.tsx'
import { toast } from '../../ui/toast.tsx'
import { channelReaders, groupWords, type Kind, type KindField, type Provider } from './channel-words.ts'
import { ProviderFields, type ProviderDraft } from './provider-fields.tsx'

/** Adds or changes a provider; the form is that of its kind. */
export function ProviderDialog({
  provider,
  kinds,
  onClose,
}: {
  provider: Provider | null
  kinds: readonly Kind[]
  onClose: () => void
}) {
  const [kindName, setKindName] = useState(provider?.kind ?? kinds[0]?.kind)
  const kind = kinds.find((k) => k.kind === kindName)
  if (!kind) return null
  return (
    <ProviderForm
      key={kind.kind}
      provider={provider}
      kind={kind}
      kinds={kinds}
      onKind={(k) => setKindName(k as Kind['kind'])}
      onClose={onClose}
    />
  )
}

function draftOf(provider: Provider | null, kind: Kind): ProviderDraft {
  const config: ProviderDraft['config'] = {}
  for (const f of kind.fields.filter((x) => !x.is_secret)) {
    const value = provider ? provider.config[f.name] : f.default
    config[f.name] = typeof value === 'boolean' ? value : value === null || value === undefined ? '' : String(value)
  }
  return {
    name: provider?.name ?? '',
    weight: String(provider?.weight ?? 1),
    rate_per_minute: provider?.rate_per_minute ? String(provider.rate_per_minute) : '',
    slots: provider?.slots ? String(provider.slots) : '',
    is_active: provider?.is_active ?? true,
    config,
    secrets: Object.fromEntries(kind.fields.filter((f) => f.is_secret).map((f) => [f.name, ''])),
  }
}

/** What is sent: empty fields stay away, so that the schema's default holds. */
function configOf(draft: ProviderDraft, fields: readonly KindField[]): Record<string, string | number | boolean> {
  const out: Record<string, string | number | boolean> = {}
  for (const f of fields.filter((x) => !x.is_secret)) {
    const value = draft.config[f.name]
    if (typeof value === 'boolean') out[f.name] = value
    else if (value?.trim()) out[f.name] = f.type === 'number' ? Number(value) : value.trim()
  }
  return out
}

function ProviderForm({
  provider,
  kind,
  kinds,
  onKind,
  onClose,
}: {
  provider: Provider | null
  kind: Kind
  kinds: readonly Kind[]
  onKind: (kind: string) => void
  onClose: () => void
}) {
  const [refusal, setRefusal] = useState<string | null>(null)
  const [removed, setRemoved] = useState<ReadonlySet<string>>(new Set())
  const form = useForm<ProviderDraft>({ defaultValues: draftOf(provider, kind) })
  const { errors } = form.formState
  const paths = [
    ...kind.fields.map((f) => `${f.is_secret ? 'secrets' : 'config'}.${f.name}` as const),
    'name',
    'weight',
    'slots',
    'rate_per_minute',
  ] as const
  const outcome = {
    refresh: channelReaders,
    onDone: (saved: Provider) => {
      toast(t('{name} saved', { name: saved.name }))
      onClose()
    },
    onError: (error: unknown) => setRefusal(showRefusal(error, form.setError, paths)),
  }
  const create = useSend('POST /api/v1/settings/channels/providers', outcome)
  const update = useSend('PATCH /api/v1/settings/channels/providers/:id', outcome)
  const submit = form.handleSubmit((v) => {
    setRefusal(null)
    const number = (s: string): number | null => (s.trim() === '' ? null : Number(s))
    const secrets: Record<string, string | null> = Object.fromEntries(
      Object.entries(v.secrets).filter(([, value]) => value.trim() !== ''),
    )
    for (const name of removed) secrets[name] ??= null
    const body = {
      ...(v.name.trim() ? { name: v.name.trim() } : {}),
      config: configOf(v, kind.fields),
      secrets,
      weight: Number(v.weight),
      is_active: v.is_active,
      rate_per_minute: number(v.rate_per_minute),
      slots: number(v.slots),
    }
    if (provider) update.mutate({ params: { id: provider.id }, body })
    else create.mutate({ body: { kind: kind.kind, ...body } })
  })
  const groups = (Object.keys(groupWords) as (keyof typeof groupWords)[]).filter((g) =>
    kind.fields.some((f) => f.group === g),
  )
  const draw = (group: KindField['group']) => (
    <ProviderFields
      fields={kind.fields.filter((f) => f.group === group)}
      stored={provider?.secrets ?? {}}
      removed={removed}
      onRemove={(name) => setRemoved(new Set([...removed, name]))}
      register={form.register}
      errors={errors}
    />
  )
  const hasFault = (group: KindField['group']): boolean =>
    kind.fields.some((f) => f.group === group && (f.is_secret ? errors.secrets : errors.config)?.[f.name])
  const whole = (most: number) => ({
    validate: (s: string) =>
      s.trim() === '' || (/^\d+$/.test(s.trim()) && Number(s) <= most) || t('Write a whole number, or nothing.'),
  })
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={provider ? t('Settings of {name}', { name: provider.name }) : t('Add a provider')}
      description={t(kind.about)}
      footer={
        <>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button look="primary" form="provider" type="submit" busy={create.isPending || update.isPending}>
            {t('Save')}
          </Button>
        </>
      }
    >
      <form id="provider" className="grid gap-4 sm:grid-cols-2" onSubmit={(e) => void submit(e)} noValidate>
        {refusal && (
          <div className="sm:col-span-2">
            <Note tone="risk" title={refusal} />
          </div>
        )}
        {!provider && (
          <Field label={t('Kind')}>
            <Select
              value={kind.kind}
              onChange={(e) => onKind(e.target.value)}
              options={kinds.map((k) => ({ value: k.kind, label: t(k.name) }))}
            />
          </Field>
        )}
        <Field label={t('Name')} hint={t('As you call it. Empty: its kind.')} error={errors.name?.message}>
          <Input maxLength={80} {...form.register('name')} />
        </Field>
        {draw('main')}
        <Field
          label={t('Weight')}
          required
          hint={t('Its share beside the others; 0: only a stand-in while they are away.')}
          error={errors.weight?.message}
        >
          <Input
            inputMode="numeric"
            {...form.register('weight', {
              validate: (s) => (/^\d+$/.test(s.trim()) && Number(s) <= 100) || t('Write a number from 0 to 100.'),
            })}
          />
        </Field>
        <Field label={t('Most per minute')} hint={t('Empty: as it allows.')} error={errors.rate_per_minute?.message}>
          <Input inputMode="numeric" {...form.register('rate_per_minute', whole(1_000_000))} />
        </Field>
        {groups.map((group) => (
          <details
            key={group}
            className="rounded-md border border-line sm:col-span-2"
            open={hasFault(group) || undefined}
          >
            <summary className="cursor-pointer px-3 py-2 font-medium">{t(groupWords[group])}</summary>
            <div className="grid gap-4 border-t border-line p-3 sm:grid-cols-2">
              {group === 'webhook' && <HookAddress provider={provider} kind={kind} />}
              {draw(group)}
              {group === 'advanced' && (
                <Field
                  label={t('Messages in flight')}
                  hint={t('Empty: three quarters of all while there are others.')}
                  error={errors.slots?.message}
                >
                  <Input inputMode="numeric" {...form.register('slots', whole(500))} />
                </Field>
              )}
            </div>
          </details>
        ))}
        {!groups.includes('webhook') && (
          <div className="sm:col-span-2">
            <HookAddress provider={provider} kind={kind} />
          </div>
        )}
        <Checkbox
          className="sm:col-span-2"
          label={t('In use')}
          hint={t('Off: it gets no new messages; its reports still count.')}
          {...form.register('is_active')}
        />
      </form>
    </Dialog>
  )
}

function HookAddress({ provider, kind }: { provider: Provider | null; kind: Kind }) {
  const copy = (text: string): void => {
    void navigator.clipboard.writeText(text).then(
      () => toast(t('Address copied')),
      () => toast(t('It could not be copied; mark it and copy it by hand.')),
    )
  }
  return (
    <div className="sm:col-span-2">
      <p className="font-medium">{t('Webhook address')}</p>
      {provider ? (
        <div className="mt-1 flex items-center gap-2">
          <code className="min-w-0 flex-1 break-all rounded-sm bg-sunken px-2 py-1.5 text-xs">{provider.hook_url}</code>
          <Button size="sm" onClick={() => copy(provider.hook_url)}>
            <Copy aria-hidden />
            {t('Copy')}
          </Button>
        </div>
      ) : (
        <p className="text-sm text-ink-2">{t('It is known once the provider is saved.')}</p>
      )}
      <p className="mt-1 text-sm text-ink-2">{t(kind.hook)}</p>
    </div>
  )
}
