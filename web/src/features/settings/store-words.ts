import type { ReplyOf } from '../../lib/api.ts'

export type Store = ReplyOf<'GET /api/v1/stores'>['data'][number]

export const departmentWords: Record<Store['sells'][number], string> = {
  spirits: 'Spirits',
  wine: 'Wine',
  beer: 'Beer',
  other: 'Other goods',
}
