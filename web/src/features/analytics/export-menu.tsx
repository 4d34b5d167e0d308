import { FileDown } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import type { ReportExport } from '#contract/reports.ts'
import { download } from '../../lib/api.ts'
import { t } from '../../lib/i18n.ts'
import { refresh, useJob, useSend } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { Menu } from '../../ui/menu.tsx'
import { toast, toastError } from '../../ui/toast.tsx'
import type { Query } from './figure-words.ts'

type Report = ReportExport['report']
const names: Record<Report, string> = {
  overview: 'Figures',
  campaigns: 'Campaigns',
  segments: 'Segments',
  offers: 'Offers',
  deliverability: 'Deliverability',
  cohorts: 'Cohorts',
}
const ofTab: Record<string, Report[]> = {
  overview: ['overview'],
  messages: ['campaigns', 'segments', 'offers', 'deliverability'],
  customers: ['cohorts'],
}

/** A file of what is on the screen, with the same days; made by the server, then handed to the browser. */
export function ExportMenu({ query, tab }: { query: Query; tab: string }) {
  const [made, setMade] = useState<ReportExport | null>(null)
  const job = useJob(made?.job_id ?? null)
  const start = useSend('POST /api/v1/reports/export', { onDone: (reply) => setMade(reply.export) })
  const status = job.data?.id === made?.job_id ? job.data?.status : undefined
  const error = job.data?.error
  const isOver = status !== undefined && status !== 'queued' && status !== 'running'
  const handled = useRef<string | null>(null)
  useEffect(() => {
    if (!made || !isOver || handled.current === made.id) return
    handled.current = made.id
    void refresh('GET /api/v1/reports/exports')
    if (status === 'succeeded')
      void download('GET /api/v1/reports/exports/:id/file', { params: { id: made.id } }, made.file_name).then(
        () => toast(t('{file} saved', { file: made.file_name })),
        toastError,
      )
    else toastError(new Error(error ?? t('The file could not be made.')))
  }, [made, isOver, status, error])
  const isMaking = start.isPending || (made !== null && !isOver)
  const reports = ofTab[tab] ?? (Object.keys(names) as Report[])
  return (
    <Menu
      align="end"
      trigger={
        <Button busy={isMaking}>
          <FileDown aria-hidden />
          {isMaking ? t('Making the file') : t('Export')}
        </Button>
      }
      items={reports.flatMap((report) => [
        { heading: t(names[report]) },
        ...(['csv', 'xlsx', 'pdf'] as const).map((format) => ({
          label: t('{report} as {format}', { report: t(names[report]), format: format.toUpperCase() }),
          onSelect: () => start.mutate({ body: { report, format, period: query } }),
        })),
      ])}
    />
  )
}
