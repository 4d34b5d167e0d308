import { z } from 'zod'
import { Id, IdParams, Instant } from './common.ts'
import { route } from './http.ts'

export const PersonalData = z.strictObject({
  id: Id,
  file_name: z.string(),
  bytes: z.int(),
  /** rows of all tables together */
  rows: z.int(),
  /** the file can be fetched until then */
  expires_at: Instant,
})
export type PersonalData = z.infer<typeof PersonalData>

const tag = 'Customers'
export const personalData = {
  make: route({
    method: 'POST',
    path: '/api/v1/customers/:id/personal-data',
    largeWork: true,
    access: 'manager',
    tag,
    summary: 'Everything we keep of one person, as one archive (GDPR art. 15 and 20, CCPA)',
    description:
      'A zip with a page for people and JSON for machines. Fetch it with `GET /personal-data/{id}` within a day; erasing anybody withdraws it.',
    params: IdParams,
    status: 201,
    reply: PersonalData,
  }),
  download: route({
    method: 'GET',
    path: '/api/v1/personal-data/:id',
    access: 'manager',
    tag,
    summary: 'The archive; gone (410) a day after it was made, or when somebody was erased',
    params: IdParams,
    file: 'application/zip',
  }),
}
