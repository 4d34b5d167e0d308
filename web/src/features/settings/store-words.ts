import type { ReplyOf } from '../../lib/api.ts'

export type Store = ReplyOf<'GET /api/v1/stores'>['data'][number]

export const departmentWords: Record<Store['sells'][number], string> = {
  spirits: 'Spirits',
  wine: 'Wine',
  beer: 'Beer',
  other: 'Other goods',
}

/** What says something about stores and is old after one changed. */
export const storeReaders = [
  'GET /api/v1/stores',
  'GET /api/v1/offers',
  'GET /api/v1/customers',
  'GET /api/v1/analytics/dashboard',
]
