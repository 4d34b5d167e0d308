import { useMemo } from 'react'
import { cx } from '../lib/cx.ts'
import { framedHtml } from '../lib/mail-html.ts'

/** A customer's mail in a frame without scripts and without an origin of ours; links open in a new tab. */
export function MailFrame({
  html,
  title,
  className,
  dark = false,
}: {
  html: string
  title: string
  className?: string
  /** as mail programs darken what was made for white paper */
  dark?: boolean
}) {
  const source = useMemo(() => framedHtml(html, dark), [html, dark])
  // Mail is designed on white paper, whatever the theme around it is.
  return (
    <iframe
      title={title}
      srcDoc={source}
      sandbox="allow-popups allow-popups-to-escape-sandbox"
      referrerPolicy="no-referrer"
      className={cx('block w-full border-0', dark ? 'bg-black' : 'bg-white', className)}
    />
  )
}
