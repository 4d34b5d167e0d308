import { count, decimal, percent } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { TextButton } from '../../ui/button.tsx'
import { QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { ScrollBox } from '../../ui/scroll-box.tsx'
import { Time } from '../../ui/time.tsx'

/** The last models and how each did in its own test. */
export function ModelHistory({ shown, onShow }: { shown: string; onShow: (version: string) => void }) {
  const query = useApi('GET /api/v1/scoring/models', { query: { page_size: 20 } })
  return (
    <Panel title={t('Models so far')} detail={t('One each night; the last hundred are kept')} flush>
      <QueryFrame query={query} what={t('The list of models')} skeleton={<Skeleton className="mx-4 mb-4 h-24" />}>
        {({ data }) => (
          <ScrollBox label={t('Models, scrolls sideways')}>
            <table className="w-full">
              <thead>
                <tr className="border-y border-line bg-sunken text-left">
                  {[t('Made'), t('Version'), t('Told by'), t('Customers'), t('AUC'), t('Brier'), t('Off by')].map(
                    (name, i) => (
                      <th
                        key={name}
                        scope="col"
                        className={`label h-8 whitespace-nowrap px-2 text-ink-2 first:pl-4 last:pr-4 ${i > 2 ? 'text-right' : ''}`}
                      >
                        {name}
                      </th>
                    ),
                  )}
                </tr>
              </thead>
              <tbody>
                {data.map((m) => (
                  <tr
                    key={m.version}
                    className={`border-b border-line last:border-0 ${m.version === shown ? 'bg-sunken' : ''}`}
                  >
                    <td className="h-9 whitespace-nowrap pl-4 pr-2">
                      <Time at={m.created_at} look="short" />
                    </td>
                    <td className="whitespace-nowrap px-2">
                      <TextButton aria-pressed={m.version === shown} onClick={() => onShow(m.version)}>
                        {m.version}
                      </TextButton>
                    </td>
                    <td className="px-2">{t(m.method)}</td>
                    <td className="px-2 text-right">{count(m.customers)}</td>
                    <td className="px-2 text-right">{m.auc === null ? '–' : decimal(m.auc, 3)}</td>
                    <td className="px-2 text-right">{m.brier === null ? '–' : decimal(m.brier, 3)}</td>
                    <td className="pl-2 pr-4 text-right">{m.bias === null ? '–' : percent(m.bias, 0)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </ScrollBox>
        )}
      </QueryFrame>
    </Panel>
  )
}
