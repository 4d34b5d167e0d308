import { t } from '../../lib/i18n.ts'
import { Note } from '../../ui/panel.tsx'
import { kindWords, stepsOf, type Till } from './till-words.ts'

const isLocal = (url: string): boolean => /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])/.test(url)

/** How to tell the shop where to post, and about what. */
export function Steps({ till }: { till: Till }) {
  return (
    <div className="space-y-3">
      {!till.url.startsWith('https:') && (
        <Note tone="warn" title={t('The shop cannot reach this address')}>
          {isLocal(till.url)
            ? t('This server only answers this machine. Give it an https address and set PUBLIC_URL to it.')
            : t('{shop} posts to https addresses only. Set PUBLIC_URL of the server to one.', {
                shop: kindWords[till.kind],
              })}
        </Note>
      )}
      <ol className="list-decimal space-y-1 pl-5">
        {stepsOf[till.kind].map((step) => (
          <li key={step}>{t(step)}</li>
        ))}
      </ol>
      <ul className="flex flex-wrap gap-1" aria-label={t('Events to choose')}>
        {till.topics.map((topic) => (
          <li key={topic}>
            <code className="rounded-sm bg-sunken px-1.5 py-0.5 text-sm">{topic}</code>
          </li>
        ))}
      </ul>
    </div>
  )
}
