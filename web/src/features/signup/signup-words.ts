import type { ReplyOf } from '../../lib/api.ts'

export type Form = ReplyOf<'GET /api/v1/signup-forms'>['data'][number]
export type ConsentText = ReplyOf<'GET /api/v1/consent-texts'>['data'][number]

/** Endpoints whose answers are old after a change of a form. */
export const formReaders = ['GET /api/v1/signup-forms']

export const viaWords: Record<'page' | 'embed' | 'qr', string> = {
  page: 'Its own page',
  embed: 'In another page',
  qr: 'QR code',
}

/** A key out of a name: what an address can hold. */
export function keyOf(name: string): string {
  return name
    .toLowerCase()
    .normalize('NFD')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40)
}
