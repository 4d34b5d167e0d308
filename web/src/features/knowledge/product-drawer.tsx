import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { call, type ReplyOf } from '../../lib/api.ts'
import { showRefusal } from '../../lib/form.ts'
import { count, money, percent } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { refresh, useApi, useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { Drawer } from '../../ui/dialog.tsx'
import { Field, Input, Select } from '../../ui/field.tsx'
import { QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Facts, Note } from '../../ui/panel.tsx'
import { Time } from '../../ui/time.tsx'
import { toast, toastError } from '../../ui/toast.tsx'
import { amountOf, centsOf, departments, departmentWord, type Product } from './product-words.ts'

const fields = [
  'name',
  'sku',
  'brand',
  'department',
  'category',
  'size_ml',
  'price_cents',
  'unit_cost_cents',
  'stock',
] as const
type Form = Record<(typeof fields)[number], string>
const readers = ['GET /api/v1/products', 'GET /api/v1/offers']

/** Changes a product; the etag keeps two people from overwriting each other. */
async function patchProduct(id: string, etag: string, body: Record<string, unknown>): Promise<Product> {
  const saved = (await call(
    'PATCH /api/v1/products/:id',
    { params: { id }, body },
    { headers: { 'if-match': etag } },
  )) as ReplyOf<'PATCH /api/v1/products/:id'>
  for (const reader of readers) await refresh(reader)
  return saved
}

/** One product: what it sold, and its facts to change. `id` is `new` for one that does not exist yet. */
export function ProductDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const query = useApi('GET /api/v1/products/:id', { params: { id } }, { enabled: id !== 'new' })
  if (id === 'new') return <Opened product={null} onClose={onClose} />
  const product = query.data?.id === id ? query.data : undefined
  if (product) return <Opened key={product.etag} product={product} onClose={onClose} />
  return (
    <Drawer open onClose={onClose} title={t('Product')}>
      <QueryFrame
        query={{ ...query, data: undefined }}
        what={t('The product')}
        skeleton={<Skeleton className="h-80 w-full" />}
      >
        {() => null}
      </QueryFrame>
    </Drawer>
  )
}

function Opened({ product, onClose }: { product: Product | null; onClose: () => void }) {
  const may = useMay('manager')
  const { register, handleSubmit, setError, formState } = useForm<Form>({ defaultValues: formOf(product) })
  const { errors, dirtyFields, isSubmitting } = formState
  const [refusal, setRefusal] = useState<string | null>(null)
  // Its refusals stand beside the fields.
  const create = useSend('POST /api/v1/products', { refresh: readers, onError: () => undefined })
  const restore = useSend('POST /api/v1/products/:id/restore', {
    refresh: readers,
    onDone: (back) => toast(t('{name} is sold again', { name: back.name })),
  })
  const remove = useSend('DELETE /api/v1/products/:id', {
    refresh: readers,
    onDone: () => {
      onClose()
      if (product)
        toast(t('{name} is no longer sold', { name: product.name }), {
          undo: () => restore.mutate({ params: { id: product.id } }),
        })
    },
  })
  const save = handleSubmit(async (form) => {
    setRefusal(null)
    for (const name of ['price_cents', 'unit_cost_cents'] as const) {
      const cents = centsOf(form[name])
      if (cents === undefined || (cents === null && name === 'price_cents'))
        return setError(name, { message: t('Write an amount like 42.99.') }, { shouldFocus: true })
    }
    const changed = fields.filter((f) => !product || dirtyFields[f])
    if (changed.length === 0) return onClose()
    try {
      if (!product) {
        const made = await create.mutateAsync({ body: bodyOf(form, fields) as never })
        toast(t('Added {name}', { name: made.name }))
      } else {
        const before = formOf(product)
        const saved = await patchProduct(product.id, product.etag, bodyOf(form, changed))
        toast(t('Saved {name}', { name: saved.name }), {
          undo: () => void patchProduct(saved.id, saved.etag, bodyOf(before, changed)).catch(toastError),
        })
      }
      onClose()
    } catch (error) {
      setRefusal(showRefusal(error, setError, [...fields]))
    }
  })
  const input = (name: keyof Form, label: string, extra: { hint?: string; numeric?: boolean } = {}) => (
    <Field
      label={label}
      required={name === 'name' || name === 'sku' || name === 'category' || name === 'price_cents'}
      error={errors[name]?.message}
      {...(extra.hint ? { hint: extra.hint } : {})}
    >
      <Input
        {...register(name)}
        autoComplete="off"
        readOnly={!may}
        {...(extra.numeric ? { inputMode: 'decimal' as const, className: 'text-right' } : {})}
      />
    </Field>
  )
  return (
    <Drawer
      open
      onClose={onClose}
      title={product?.name ?? t('New product')}
      description={product && !product.is_active ? t('No longer sold: plans and offers leave it out.') : undefined}
      footer={
        may ? (
          <>
            {product && (
              <span className="mr-auto">
                {product.is_active ? (
                  <Button
                    look="quiet"
                    busy={remove.isPending}
                    onClick={() => remove.mutate({ params: { id: product.id } })}
                  >
                    {t('Stop selling')}
                  </Button>
                ) : (
                  <Button busy={restore.isPending} onClick={() => restore.mutate({ params: { id: product.id } })}>
                    {t('Sell again')}
                  </Button>
                )}
              </span>
            )}
            <Button onClick={onClose}>{t('Cancel')}</Button>
            <Button look="primary" type="submit" form="edit-product" busy={isSubmitting}>
              {product ? t('Save') : t('Add')}
            </Button>
          </>
        ) : (
          <Button onClick={onClose}>{t('Close')}</Button>
        )
      }
    >
      <form id="edit-product" onSubmit={(e) => void save(e)} noValidate className="space-y-4">
        {refusal && (
          <Note tone="risk" title={t('Not saved')}>
            {refusal}
          </Note>
        )}
        {product && <Sold product={product} />}
        {input('name', t('Name'))}
        <div className="grid grid-cols-2 gap-3">
          {input('sku', t('Number in the till'))}
          {input('brand', t('Brand'))}
          <Field label={t('Department')} error={errors.department?.message} hint={t('What the law calls it.')}>
            <Select
              {...register('department')}
              disabled={!may}
              options={departments.map((d) => ({ value: d, label: departmentWord(d) }))}
            />
          </Field>
          {input('category', t('Category'), { hint: t('What you call it: Bourbon, Rosé.') })}
          {input('price_cents', t('Price'), { numeric: true })}
          {input('unit_cost_cents', t('Cost'), { numeric: true, hint: t('What you pay for one.') })}
          {input('size_ml', t('Size in ml'), { numeric: true })}
          {input('stock', t('In stock'), { numeric: true, hint: t('Empty: not counted.') })}
        </div>
      </form>
    </Drawer>
  )
}

function Sold({ product }: { product: Product }) {
  const { units_90_days: units, offers, margin_share: margin } = product
  return (
    <Facts
      className="rounded-md bg-sunken p-3"
      items={[
        [
          t('Sold in 90 days'),
          units > 0
            ? t('{units} for {amount}', { units: count(units), amount: money(product.revenue_90_days_cents) })
            : t('nothing'),
        ],
        [t('Last sold'), product.last_sold_at ? <Time at={product.last_sold_at} look="ago" /> : t('never')],
        [t('Margin'), margin === null ? t('not known: the cost is missing') : percent(margin, 0)],
        [t('Offers'), offers.length > 0 ? offers.map((o) => o.title).join(', ') : t('none names it')],
      ]}
    />
  )
}

function formOf(p: Product | null): Form {
  return {
    name: p?.name ?? '',
    sku: p?.sku ?? '',
    brand: p?.brand ?? '',
    department: p?.department ?? 'spirits',
    category: p?.category ?? '',
    size_ml: p?.size_ml ? String(p.size_ml) : '',
    price_cents: amountOf(p?.price_cents ?? null),
    unit_cost_cents: amountOf(p?.unit_cost_cents ?? null),
    stock: p?.stock === null || p === null ? '' : String(p.stock),
  }
}

function bodyOf(form: Form, changed: readonly (keyof Form)[]): Record<string, unknown> {
  return Object.fromEntries(
    changed.map((f) => {
      const text = form[f].trim()
      if (f === 'price_cents' || f === 'unit_cost_cents') return [f, centsOf(text)]
      if (f === 'size_ml' || f === 'stock') return [f, text === '' ? null : Number(text.replaceAll(',', ''))]
      return [f, f === 'brand' && text === '' ? null : text]
    }),
  )
}
