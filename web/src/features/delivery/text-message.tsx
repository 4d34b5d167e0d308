import { Fragment } from 'react'
import { t } from '../../lib/i18n.ts'

/** Text with its addresses as links. */
export function Linked({ text }: { text: string }) {
  return text.split(/(https?:\/\/[^\s<>()]+[^\s<>().,;:!?])/g).map((part, i) =>
    /^https?:\/\//.test(part) ? (
      // A part has no identity but its place: the text never changes.
      // oxlint-disable-next-line react/no-array-index-key
      <a
        key={i}
        href={part}
        target="_blank"
        rel="noopener noreferrer"
        className="break-all underline underline-offset-2"
      >
        {part}
      </a>
    ) : (
      // oxlint-disable-next-line react/no-array-index-key
      <Fragment key={i}>{part}</Fragment>
    ),
  )
}

/** A text message as a phone shows it. */
export function TextBubble({ text, sender, at }: { text: string; sender: string; at: string }) {
  return (
    <div className="mx-auto flex w-full max-w-[340px] flex-col rounded-[22px] border-4 border-line-strong bg-bg px-3 pb-6 pt-3">
      <p className="border-b border-line pb-2 text-center font-medium">{sender}</p>
      <p className="py-3 text-center text-xs text-ink-2">{at}</p>
      <p className="max-w-[86%] self-start whitespace-pre-wrap rounded-[16px] rounded-bl-sm bg-sunken px-3 py-2 text-[15px] leading-5 text-ink">
        <span className="sr-only">{t('Text message:')} </span>
        <Linked text={text} />
      </p>
    </div>
  )
}
