import type { ReplyOf } from '../../lib/api.ts'
import { t } from '../../lib/i18n.ts'

export type Preview = ReplyOf<'POST /api/v1/imports/preview'>
export type Import = ReplyOf<'GET /api/v1/imports/:id'>
export const importKinds = ['customers', 'orders', 'products', 'consents', 'suppressions'] as const
export type ImportKind = (typeof importKinds)[number]
export type DateOrder = 'mdy' | 'dmy'
export type Repair = NonNullable<Import['options']['repairs']>[number]

const kinds: Record<ImportKind, string> = {
  customers: 'Customers',
  orders: 'Orders',
  products: 'Products',
  consents: 'Consents with proof',
  suppressions: 'Addresses not to write to',
}
export const kindWord = (kind: ImportKind): string => t(kinds[kind])

export interface Choices {
  kind: ImportKind
  mapping: Record<string, string> | null
  dateOrder: DateOrder
  createCustomers: boolean
  repairs: Repair[]
}

/** The choices as the form fields of an upload; JSON where the server expects it. */
export function formFields(c: Choices, dryRun: boolean): Record<string, string> {
  return {
    kind: c.kind,
    ...(c.mapping ? { mapping: JSON.stringify(c.mapping) } : {}),
    options: JSON.stringify({
      date_order: c.dateOrder,
      ...(c.repairs.length > 0 ? { repairs: c.repairs } : {}),
      ...(c.kind === 'orders' ? { create_customers: c.createCustomers } : {}),
    }),
    ...(dryRun ? { dry_run: 'true' } : {}),
  }
}

export const isOpen = (run: Import): boolean => run.status === 'queued' || run.status === 'running'

const phases: Record<string, string> = {
  reading: 'Reading the file',
  checking: 'Checking rows',
  merging: 'Writing',
  writing: 'Writing',
  done: 'Done',
}
export const phaseWord = (phase: string | null): string =>
  phase ? t(phases[phase] ?? phase.replace(/^\w/, (c) => c.toUpperCase())) : t('Waiting for the worker')
