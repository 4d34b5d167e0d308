import { t } from '../lib/i18n.ts'
import { setSingleKeys, useLook } from '../lib/theme.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Checkbox } from '../ui/field.tsx'
import { useNav } from './nav.tsx'

/** `?`: the keys that work everywhere, and the switch for those without Ctrl. */
export default function KeyList({ onClose }: { onClose: () => void }) {
  const on = useLook((s) => s.singleKeys)
  const rows: [string, string][] = [
    ['Ctrl K', t('Search or do')],
    ['/', t('Search on this page')],
    ['f', t('Filters of the customer list')],
    ['j k', t('Next row, row before')],
    ['Enter', t('Open the row')],
    ['x', t('Choose the row')],
    ...useNav().map(({ title, nav }): [string, string] => [nav.keys, t('Go to {page}', { page: t(title) })]),
    ['Esc', t('Close, or choose nothing')],
    ['?', t('This list')],
  ]
  return (
    <Dialog open onClose={onClose} title={t('Keys')}>
      <ul className="divide-y divide-line">
        {rows.map(([keys, what]) => (
          <li key={keys} className="flex items-center justify-between gap-4 py-1.5">
            {what}
            <span className="flex gap-1">
              {keys.split(' ').map((k) => (
                <kbd key={k} className="label min-w-6 rounded-sm border border-line-strong px-1.5 py-0.5 text-center">
                  {k}
                </kbd>
              ))}
            </span>
          </li>
        ))}
      </ul>
      <Checkbox
        className="mt-4"
        label={t('Use keys without Ctrl')}
        hint={t('Turn this off if you speak to your computer or press keys by accident.')}
        checked={on}
        onChange={(e) => setSingleKeys(e.target.checked)}
      />
    </Dialog>
  )
}
