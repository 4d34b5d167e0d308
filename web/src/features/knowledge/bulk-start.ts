import { api, download } from '../../lib/api.ts'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { followJob, type Followed, type Job } from '../../lib/jobs.ts'
import { toastError } from '../../ui/toast.tsx'
import type { Chosen } from '../../ui/table.tsx'
import type { ListFilter } from './customer-url.ts'

/** Dialogs that ask for what an action still needs. */
export type Ask =
  | 'add_tag'
  | 'remove_tag'
  | 'add_to_segment'
  | 'remove_from_segment'
  | 'suppress'
  | 'unsuppress'
  | 'export'
  | 'erase'

/** Whom an action means, and how many they are as far as the page knows. */
export interface Whom {
  ids?: string[]
  filter?: ListFilter
  count: number
  isExact: boolean
}
export const whomOf = ({ all, ids, count, isExact }: Chosen, filter: ListFilter): Whom =>
  all ? { filter, count, isExact } : { ids, count, isExact: true }

interface Tally {
  matched: number
  changed: number
  same: number
}
const people = (n: number): string => t('{n, plural, one {one customer} other {# customers}}', { n })

/** While it runs, and when it is over: the same word through the flow. */
const words: Record<string, [running: string, done: string]> = {
  add_tag: ['Tagging {who}', 'Tagged {who}'],
  remove_tag: ['Taking the tag from {who}', 'Took the tag from {who}'],
  rename_tag: ['Renaming the tag on {who}', 'Renamed the tag on {who}'],
  add_to_segment: ['Adding {who}', 'Added {who}'],
  remove_from_segment: ['Taking out {who}', 'Took out {who}'],
  suppress: ['Closing contact to {who}', 'Closed contact to {who}'],
  unsuppress: ['Opening contact to {who}', 'Opened contact to {who}'],
  delete: ['Deleting {who}', 'Deleted {who}'],
  restore: ['Restoring {who}', 'Restored {who}'],
  erase: ['Erasing {who}', 'Erased {who}'],
}

const touched = [
  'GET /api/v1/customers',
  'GET /api/v1/views',
  'GET /api/v1/tags',
  'GET /api/v1/segments',
  'GET /api/v1/suppressions',
]

/** Starts a bulk action and shows it in the tray. False when the server refused it; the reason is a toast. */
export async function startBulk(whom: Whom, body: Record<string, unknown>): Promise<boolean> {
  const { ids, filter } = whom
  try {
    const job = await api('POST /api/v1/customers/bulk', {
      body: { ...body, ...(ids ? { ids } : { filter }) } as never,
    })
    follow(
      job,
      String(body['action']),
      whom.isExact ? people(whom.count) : t('about {n} customers', { n: count(whom.count) }),
    )
    return true
  } catch (error) {
    toastError(error)
    return false
  }
}

export function follow(job: Pick<Job, 'id'>, action: string, who: string): void {
  if (action === 'export') return followJob(exportOf(job, who))
  const [running, done] = words[action] ?? ['Working on {who}', 'Changed {who}']
  followJob({
    id: job.id,
    title: t(running, { who }),
    done: (over) => {
      const { changed, same } = over.result as Tally
      const said = t(done, { who: people(changed) })
      return same > 0 ? t('{said}; {same} were so already', { said, same: count(same) }) : said
    },
    refresh: touched,
  })
}

function exportOf(job: Pick<Job, 'id'>, who: string): Followed {
  const idOf = (over: Job): string => (over.result as { export_id: string }).export_id
  return {
    id: job.id,
    title: t('Writing a file of {who}', { who }),
    done: (over) =>
      t('The file of {n} is ready. It is kept for a day.', { n: people((over.result as { rows: number }).rows) }),
    refresh: ['GET /api/v1/exports'],
    action: (over) => ({
      label: t('Download'),
      run: () =>
        void download('GET /api/v1/exports/:id', { params: { id: idOf(over) } }, 'customers.csv').catch(toastError),
    }),
  }
}
