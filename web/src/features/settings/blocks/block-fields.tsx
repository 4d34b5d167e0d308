import { Braces } from 'lucide-react'
import { useRef, useState } from 'react'
import { htmlOfText, textOfHtml, type Block } from '#core/delivery/blocks.ts'
import { t } from '../../../lib/i18n.ts'
import { Button } from '../../../ui/button.tsx'
import { Checkbox, Field, Input, Textarea } from '../../../ui/field.tsx'
import { Menu } from '../../../ui/menu.tsx'
import { insertable } from './block-words.ts'

/** What can be said about one block. */
export function BlockFields({ block, onChange }: { block: Block; onChange: (block: Block) => void }) {
  switch (block.kind) {
    case 'heading':
      return (
        <>
          <Words label={t('Heading')} html={block.html} rows={1} onChange={(html) => onChange({ ...block, html })} />
          <Checkbox
            label={t('A plan may bring its own heading')}
            checked={block.planned}
            onChange={(e) => onChange({ ...block, planned: e.target.checked })}
          />
        </>
      )
    case 'text':
      return (
        <>
          <Words label={t('Text')} html={block.html} rows={4} onChange={(html) => onChange({ ...block, html })} />
          <Checkbox
            label={t('A plan may bring its own words here')}
            checked={block.planned}
            onChange={(e) => onChange({ ...block, planned: e.target.checked })}
          />
        </>
      )
    case 'image':
      return (
        <div className="grid gap-3 sm:grid-cols-2">
          <Field
            label={t('Address of the picture')}
            hint={t('https; JPG or PNG, 1200 pixels wide.')}
            error={
              isAddress(block.src) ? undefined : t('Write a full address, like https://www.example.com/shelf.jpg.')
            }
            className="sm:col-span-2"
          >
            <Input value={block.src} spellCheck={false} onChange={(e) => onChange({ ...block, src: e.target.value })} />
          </Field>
          <Field
            label={t('What is on it')}
            hint={t('For who sees no pictures.')}
            error={block.alt.trim() === '' ? t('Write what is on it.') : undefined}
          >
            <Input value={block.alt} onChange={(e) => onChange({ ...block, alt: e.target.value })} />
          </Field>
          <Field label={t('Leads to')} hint={t('Empty: nowhere.')}>
            <Input
              value={block.href}
              spellCheck={false}
              onChange={(e) => onChange({ ...block, href: e.target.value })}
            />
          </Field>
        </div>
      )
    case 'button':
      return (
        <div className="grid gap-3 sm:grid-cols-2">
          <Field label={t('Words on it')}>
            <Input
              value={textOfHtml(block.label) ?? block.label}
              onChange={(e) => onChange({ ...block, label: escaped(e.target.value) })}
            />
          </Field>
          <Field
            label={t('Leads to')}
            error={
              isAddress(block.href)
                ? undefined
                : t('Write a full address, or keep {example}.', { example: '{{ store.url }}' })
            }
          >
            <Input
              value={block.href}
              spellCheck={false}
              onChange={(e) => onChange({ ...block, href: e.target.value })}
            />
          </Field>
        </div>
      )
    case 'products':
      return (
        <Field label={t('Title over them')} hint={t('Nothing shows where a message has no products.')}>
          <Input
            value={textOfHtml(block.title) ?? block.title}
            onChange={(e) => onChange({ ...block, title: escaped(e.target.value) })}
          />
        </Field>
      )
    case 'offer':
      return (
        <p className="text-ink-2">
          {t('The offer of the message: its title, code, end, and what the law wants said.')}
        </p>
      )
    case 'divider':
      return <p className="text-ink-2">{t('A thin line across.')}</p>
    case 'code':
      return (
        <>
          <p className="text-ink-2">
            {t('Written by hand; change it in the code view. It can be moved and removed here.')}
          </p>
          {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard */}
          <pre tabIndex={0} className="max-h-32 overflow-auto rounded-md bg-sunken p-2 font-mono text-xs">
            {block.mjml}
          </pre>
        </>
      )
  }
}

// Words on a button are no markup: a star stays a star.
const escaped = (text: string): string => htmlOfText(text.replaceAll('\n', ' ')).replace(/<\/?[bi]>/g, '*')
const isAddress = (text: string): boolean =>
  /^(https:\/\/[^\s]+\.[^\s]+|mailto:.+|tel:.+|\{\{.+\}\}.*)$/i.test(text.trim())

/** Words as they are typed; the mail gets HTML. What is typed stays as it is while it means the same. */
function Words({
  label,
  html,
  rows,
  onChange,
}: {
  label: string
  html: string
  rows: number
  onChange: (html: string) => void
}) {
  const area = useRef<HTMLTextAreaElement>(null)
  const [draft, setDraft] = useState(() => textOfHtml(html) ?? html)
  if (htmlOfText(draft) !== html && textOfHtml(html) !== null) setDraft(textOfHtml(html)!)
  const write = (text: string): void => {
    setDraft(text)
    onChange(htmlOfText(text))
  }
  const insert = (liquid: string): void => {
    const { selectionStart: from = draft.length, selectionEnd: to = draft.length } = area.current ?? {}
    write(draft.slice(0, from) + liquid + draft.slice(to))
    requestAnimationFrame(() => {
      area.current?.focus()
      area.current?.setSelectionRange(from + liquid.length, from + liquid.length)
    })
  }
  return (
    <div>
      <Field label={label} hint={rows > 1 ? t('**bold**, *italic*, [words](https://address)') : undefined}>
        <Textarea ref={area} rows={rows} value={draft} onChange={(e) => write(e.target.value)} />
      </Field>
      <div className="mt-1">
        <Menu
          align="start"
          trigger={
            <Button size="sm" look="quiet">
              <Braces aria-hidden />
              {t('Insert')}
            </Button>
          }
          items={insertable.map(([name, liquid]) => ({ label: t(name), onSelect: () => insert(liquid) }))}
        />
      </div>
    </div>
  )
}
