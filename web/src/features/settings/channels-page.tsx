import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { QueryFrame, Skeleton } from '../../ui/page.tsx'
import { ChannelPanel } from './channel-panel.tsx'
import { ChannelTest } from './channel-test.tsx'
import { SettingsFrame } from './settings-frame.tsx'

/** How messages leave: each channel with its providers, and a test message. */
export default function ChannelsPage() {
  const channels = useApi('GET /api/v1/settings/channels')
  const kinds = useApi('GET /api/v1/settings/channels/kinds', undefined, { staleMs: 3_600_000 })
  const admin = useMay('admin')
  return (
    <SettingsFrame>
      <QueryFrame query={channels} what={t('The channels')} skeleton={<Skeleton className="h-120" />}>
        {(data) => (
          <div className="space-y-5">
            <ChannelPanel channel="email" channels={data} kinds={kinds.data?.data ?? []} />
            <ChannelPanel channel="sms" channels={data} kinds={kinds.data?.data ?? []} />
            {admin && <ChannelTest providers={data.providers} />}
          </div>
        )}
      </QueryFrame>
    </SettingsFrame>
  )
}
