import { z } from 'zod'
import { Id, IdParams, Instant } from './common.ts'
import { route } from './http.ts'

const Channel = z.enum(['email', 'sms'])
const Origin = z
  .string()
  .trim()
  .regex(
    /^https?:\/\/[a-z0-9.-]+(:\d{1,5})?$/i,
    'Write the beginning of the address alone, like https://www.example.com.',
  )
  .max(200)

const fields = {
  name: z.string().trim().min(1, 'Write a name for it.').max(80),
  store_id: Id.nullable(),
  channels: z.array(Channel).min(1, 'Choose at least one channel.').max(2),
  headline: z.string().trim().min(1, 'Write what people read first.').max(120),
  intro: z.string().trim().max(500),
  thanks: z.string().trim().max(500),
  asks_name: z.boolean(),
  asks_zip: z.boolean(),
  sites: z.array(Origin).max(20),
  is_active: z.boolean(),
}
const Counts = z.strictObject({
  shown: z.int(),
  sent: z.int(),
  confirmed: z.int(),
  under_age: z.int(),
  robots: z.int(),
  closed: z.int(),
})

/** A hosted form at `/s/{key}`, also in a frame of another page. */
export const SignupForm = z.strictObject({
  id: Id,
  key: z.string(),
  ...fields,
  store_name: z.string().nullable(),
  /** the last 30 days */
  counts: Counts,
  /** how far it can be reached by customers: `http://localhost…` cannot */
  url: z.string(),
  created_at: Instant,
  updated_at: Instant,
})
export type SignupForm = z.infer<typeof SignupForm>

/** What people agree to; every version is kept, the highest of a channel is shown. */
export const ConsentText = z.strictObject({
  id: Id,
  channel: Channel,
  version: z.int(),
  text: z.string(),
  created_by: z.string().nullable(),
  created_at: Instant,
  /** sign-ups that were confirmed with it */
  confirmed: z.int(),
  is_current: z.boolean(),
})
export type ConsentText = z.infer<typeof ConsentText>

const tag = 'Sign-up'
export const signup = {
  listForms: route({
    method: 'GET',
    path: '/api/v1/signup-forms',
    access: 'user',
    tag,
    summary: 'Sign-up forms with their figures of the last 30 days',
    reply: z.strictObject({ data: z.array(SignupForm) }),
  }),
  createForm: route({
    method: 'POST',
    path: '/api/v1/signup-forms',
    access: 'manager',
    tag,
    status: 201,
    summary: 'Make a sign-up form',
    description: 'The key stands in its address and never changes, because it is printed on posters.',
    body: z.strictObject({
      key: z
        .string()
        .regex(/^[a-z0-9][a-z0-9-]{1,39}$/, 'Use 2 to 40 small letters, digits and hyphens.')
        .refine((k) => !['confirm', 'embed', 'frame'].includes(k), 'This word is taken; choose another one.'),
      ...fields,
      store_id: fields.store_id.default(null),
      intro: fields.intro.default(''),
      thanks: fields.thanks.default(''),
      asks_name: fields.asks_name.default(true),
      asks_zip: fields.asks_zip.default(false),
      sites: fields.sites.default([]),
      is_active: fields.is_active.default(true),
    }),
    reply: SignupForm,
  }),
  updateForm: route({
    method: 'PATCH',
    path: '/api/v1/signup-forms/:id',
    access: 'manager',
    tag,
    summary: 'Change a sign-up form',
    params: IdParams,
    body: z.strictObject(fields).partial(),
    reply: SignupForm,
  }),
  figures: route({
    method: 'GET',
    path: '/api/v1/signup-forms/:id/figures',
    access: 'user',
    tag,
    summary: 'A form day by day, by way and by store',
    params: IdParams,
    query: z.strictObject({ days: z.coerce.number().int().min(1).max(365).default(30) }),
    reply: z.strictObject({
      days: z.array(z.strictObject({ day: z.iso.date(), ...Counts.shape })),
      ways: z.array(z.strictObject({ via: z.enum(['page', 'embed', 'qr']), ...Counts.shape })),
      stores: z.array(
        z.strictObject({ store_id: Id.nullable(), store_name: z.string().nullable(), confirmed: z.int() }),
      ),
      /** sent, and not yet confirmed or forgotten */
      waiting: z.int(),
    }),
  }),
  qr: route({
    method: 'GET',
    path: '/api/v1/signup-forms/:id/qr',
    access: 'user',
    tag,
    summary: 'QR code of a form, for one store or for all, as SVG or PNG',
    params: IdParams,
    query: z.strictObject({
      store_id: Id.optional(),
      format: z.enum(['svg', 'png']).default('svg'),
      /** pixels of a PNG's edge, at least */
      size: z.coerce.number().int().min(100).max(4000).default(1000),
    }),
    file: 'image/svg+xml',
  }),
  listTexts: route({
    method: 'GET',
    path: '/api/v1/consent-texts',
    access: 'user',
    tag,
    summary: 'What people agree to, every version, newest first',
    reply: z.strictObject({ data: z.array(ConsentText) }),
  }),
  addText: route({
    method: 'POST',
    path: '/api/v1/consent-texts',
    access: 'admin',
    tag,
    status: 201,
    summary: 'A new version of what people agree to; the earlier ones stay as proof',
    description:
      'A text for SMS must say who sends, that it is marketing, that consent is no condition of purchase, that rates may apply, and STOP and HELP.',
    body: z.strictObject({ channel: Channel, text: z.string().trim().min(20, 'Write the whole sentence.').max(1000) }),
    reply: ConsentText,
  }),
}
