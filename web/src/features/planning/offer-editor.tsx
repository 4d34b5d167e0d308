import { Archive, ArchiveRestore } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useForm, useWatch } from 'react-hook-form'
import { ApiError, call } from '../../lib/api.ts'
import { t } from '../../lib/i18n.ts'
import { refresh } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { Drawer } from '../../ui/dialog.tsx'
import { Checkbox, Field, Input, Select } from '../../ui/field.tsx'
import { Note } from '../../ui/panel.tsx'
import { toast, toastError } from '../../ui/toast.tsx'
import { bodyOf, fieldOf, formOf, type OfferForm } from './offer-form.ts'
import { OfferProducts } from './offer-products.tsx'
import { OfferTicket, OfferVerdicts } from './offer-verdicts.tsx'
import {
  departmentWords,
  hasQuantity,
  isDiscount,
  kinds,
  kindWords,
  valueOf,
  type Judged,
  type StoredOffer,
} from './offer-words.ts'

const amount = /^\d+(\.\d{1,2})?$/

/** Makes or changes an offer; what it does to law, margin and stock follows while it is typed. */
export function OfferEditor({ offer: given, onClose }: { offer: StoredOffer | null; onClose: () => void }) {
  // As it was opened: what somebody else saves meanwhile must not slip in under the typing, it is refused on saving.
  const [offer] = useState(given)
  const may = useMay('manager')
  const [refusal, setRefusal] = useState<string | null>(null)
  const form = useForm<OfferForm>({ defaultValues: formOf(offer) })
  const { register, control, setValue, setError, formState } = form
  const { errors, isDirty, isSubmitting } = formState
  const values = useWatch({ control }) as OfferForm
  const judged = useJudged(values, offer)
  const value = valueOf(values.kind)
  const hasThird = hasQuantity(values.kind) || ['percent_off', 'amount_off'].includes(values.kind)
  const save = form.handleSubmit(async (v) => {
    setRefusal(null)
    try {
      const body = bodyOf(v, offer?.key ?? '')
      if (offer) {
        const { key: _, ...change } = body
        await call(
          'PATCH /api/v1/offers/:id',
          { params: { id: offer.id }, body: change },
          { headers: { 'if-match': offer.etag } },
        )
      } else await call('POST /api/v1/offers', { body })
      void refresh('GET /api/v1/offers')
      toast(t('{title} saved', { title: v.title }))
      onClose()
    } catch (error) {
      if (!(error instanceof ApiError)) {
        setRefusal(t('Something broke on this page. Load it again.'))
        return
      }
      const own = error.fields.filter((f) => (fieldOf[f.path] ?? f.path) in v)
      own.forEach((f, i) =>
        setError(
          fieldOf[f.path] ?? (f.path as keyof OfferForm),
          { type: 'server', message: f.message },
          { shouldFocus: i === 0 },
        ),
      )
      if (own.length === 0 || own.length < error.fields.length) setRefusal(error.message)
    }
  })
  const money = {
    validate: (text: string) => text.trim() === '' || amount.test(text.trim()) || t('Write an amount like 12.50.'),
  }
  return (
    <Drawer
      open
      onClose={onClose}
      title={offer ? offer.title : t('New offer')}
      description={
        offer && offer.in_campaigns > 0
          ? t(
              '{n, plural, one {# campaign uses} other {# campaigns use}} it; those that have started keep it as it was.',
              { n: offer.in_campaigns },
            )
          : t('Law, margin and stock are computed from these fields, never from the words.')
      }
      footer={
        may && (
          <>
            {offer && <ArchiveButton offer={offer} onDone={onClose} />}
            <Button onClick={onClose}>{t('Cancel')}</Button>
            <Button look="primary" form="offer" type="submit" busy={isSubmitting} disabled={offer !== null && !isDirty}>
              {t('Save')}
            </Button>
          </>
        )
      }
    >
      <div className="space-y-6">
        {judged.data && <OfferTicket judged={judged.data} />}
        <form id="offer" onSubmit={(e) => void save(e)} noValidate>
          <fieldset disabled={!may} className="grid grid-cols-2 gap-3">
            {refusal && (
              <div className="col-span-2">
                <Note tone="risk" title={refusal} />
              </div>
            )}
            <Field label={t('What customers read')} required error={errors.title?.message} className="col-span-2">
              <Input
                maxLength={200}
                {...register('title', { validate: (s) => s.trim() !== '' || t('Write what customers read.') })}
              />
            </Field>
            <Field label={t('Kind')} className={value ? '' : 'col-span-2'}>
              <Select {...register('kind')} options={kinds.map((k) => ({ value: k, label: t(kindWords[k]) }))} />
            </Field>
            {value && (
              <Field label={value.label} required error={errors.value?.message}>
                <Input
                  inputMode="decimal"
                  {...register('value', { validate: (s) => amount.test(s.trim()) || t('Write a number.') })}
                />
              </Field>
            )}
            {hasQuantity(values.kind) && (
              <Field label={t('Items to buy')} required error={errors.min_quantity?.message}>
                <Input
                  inputMode="numeric"
                  {...register('min_quantity', {
                    validate: (s) => /^[1-9]\d{0,3}$/.test(s.trim()) || t('Write a whole number.'),
                  })}
                />
              </Field>
            )}
            {(values.kind === 'percent_off' || values.kind === 'amount_off') && (
              <Field label={t('From a purchase of, dollars')} error={errors.min_spend?.message}>
                <Input inputMode="decimal" {...register('min_spend', money)} />
              </Field>
            )}
            <Field label={t('Shelf')}>
              <Select
                {...register('department')}
                options={[
                  { value: '', label: t('The whole shop') },
                  ...Object.entries(departmentWords).map(([v, label]) => ({ value: v, label: t(label) })),
                ]}
              />
            </Field>
            <Field
              label={t('Category')}
              hint={t('Like Bourbon.')}
              error={errors.category?.message}
              className={hasThird ? 'col-span-2' : ''}
            >
              <Input maxLength={100} {...register('category')} />
            </Field>
            <OfferProducts
              chosen={values.product_ids}
              onChange={(ids) => setValue('product_ids', ids, { shouldDirty: true })}
            />
            {isDiscount(values.kind) && (
              <div className="col-span-2">
                <Checkbox
                  label={t('Customers show a coupon or a code')}
                  hint={t('A price for everybody in the store is not a coupon.')}
                  {...register('redeemable_as_coupon')}
                />
              </div>
            )}
            {isDiscount(values.kind) && values.redeemable_as_coupon && (
              <Field label={t('Code')} error={errors.code?.message}>
                <Input spellCheck={false} autoCapitalize="characters" maxLength={40} {...register('code')} />
              </Field>
            )}
            <Field
              label={t('Who pays for it?')}
              className={isDiscount(values.kind) && values.redeemable_as_coupon ? '' : 'col-span-2'}
            >
              <Select
                {...register('funded_by')}
                options={[
                  { value: 'store', label: t('The store') },
                  { value: 'supplier', label: t('A supplier') },
                ]}
              />
            </Field>
            <Field
              label={t('Cost of one, dollars')}
              hint={t('Empty: from the products.')}
              error={errors.unit_cost?.message}
            >
              <Input inputMode="decimal" {...register('unit_cost', money)} />
            </Field>
            <Field label={t('Usual price, dollars')} error={errors.regular_price?.message}>
              <Input inputMode="decimal" {...register('regular_price', money)} />
            </Field>
            <Field label={t('First day')} error={errors.valid_from?.message}>
              <Input type="date" {...register('valid_from')} />
            </Field>
            <Field label={t('Last day')} error={errors.valid_to?.message}>
              <Input type="date" {...register('valid_to')} />
            </Field>
          </fieldset>
        </form>
        <div aria-live="polite" aria-busy={judged.busy || undefined}>
          {judged.problem ? (
            <p className="text-ink-2">{judged.problem}</p>
          ) : (
            judged.data && <OfferVerdicts judged={judged.data} />
          )}
        </div>
      </div>
    </Drawer>
  )
}

/** The server's opinion on what is typed, half a second after the last key. */
function useJudged(
  values: OfferForm,
  offer: StoredOffer | null,
): { data: Judged | null; problem: string | null; busy: boolean } {
  const [state, setState] = useState<{ data: Judged | null; problem: string | null; busy: boolean }>({
    data: offer,
    problem: null,
    busy: false,
  })
  const body = JSON.stringify(bodyOf(values, offer?.key ?? ''))
  useEffect(() => {
    const stop = new AbortController()
    const timer = setTimeout(() => {
      setState((s) => ({ ...s, busy: true }))
      call('POST /api/v1/offers/preview', { body: JSON.parse(body) as unknown }, { signal: stop.signal })
        .then((data) => setState({ data: data as Judged, problem: null, busy: false }))
        .catch((error: unknown) => {
          if (stop.signal.aborted) return
          const problem =
            error instanceof ApiError
              ? t('Fill in the rest to see what the law says.')
              : t('The rules could not be asked.')
          setState((s) => ({ ...s, problem, busy: false }))
        })
    }, 500)
    return () => {
      clearTimeout(timer)
      stop.abort()
    }
  }, [body])
  return state
}

function ArchiveButton({ offer, onDone }: { offer: StoredOffer; onDone: () => void }) {
  const [busy, setBusy] = useState(false)
  const move = async (verb: 'archive' | 'restore'): Promise<void> => {
    await call(`POST /api/v1/offers/:id/${verb}`, { params: { id: offer.id } })
    void refresh('GET /api/v1/offers')
  }
  const press = async (): Promise<void> => {
    setBusy(true)
    const verb = offer.archived_at ? 'restore' : 'archive'
    try {
      await move(verb)
      toast(
        verb === 'archive'
          ? t('{title} archived', { title: offer.title })
          : t('{title} is back in use', { title: offer.title }),
        {
          undo: () => void move(verb === 'archive' ? 'restore' : 'archive').catch(toastError),
        },
      )
      onDone()
    } catch (error) {
      toastError(error)
    }
    setBusy(false)
  }
  return (
    <Button className="mr-auto" look={offer.archived_at ? 'outline' : 'quiet'} busy={busy} onClick={() => void press()}>
      {offer.archived_at ? <ArchiveRestore aria-hidden /> : <Archive aria-hidden />}
      {offer.archived_at ? t('Restore') : t('Archive')}
    </Button>
  )
}
