import { ArrowDown, ArrowUp, Copy, Lock, Plus, Trash2 } from 'lucide-react'
import { useRef, useState, type KeyboardEvent } from 'react'
import { readBlocks, writeBlocks, type Block, type BlockKind } from '#core/delivery/blocks.ts'
import { cx } from '../../../lib/cx.ts'
import { t } from '../../../lib/i18n.ts'
import { Button, IconButton } from '../../../ui/button.tsx'
import { Menu } from '../../../ui/menu.tsx'
import { toast } from '../../../ui/toast.tsx'
import { addable, blockWords, newBlock } from './block-words.ts'
import { BlockFields } from './block-fields.tsx'

/**
 * An email as blocks, between the locked head and the locked footer. One is open at a time; Alt and arrow keys move it.
 * `mjml` must be readable as blocks.
 */
export function BlockEditor({ mjml, onChange }: { mjml: string; onChange: (mjml: string, blocks: Block[]) => void }) {
  const document = readBlocks(mjml)
  const [open, setOpen] = useState(0)
  const [said, setSaid] = useState('')
  const list = useRef<HTMLOListElement>(null)
  if (!document) return null
  const { blocks } = document
  const put = (next: Block[], focus: number): void => {
    onChange(writeBlocks({ ...document, blocks: next }), next)
    setOpen(focus)
  }
  const focusOn = (index: number): void => {
    requestAnimationFrame(() => list.current?.querySelector<HTMLElement>(`[data-block="${index}"]`)?.focus())
  }
  const nameOf = (block: Block): string => t(blockWords[block.kind].label)
  const move = (index: number, by: 1 | -1): void => {
    const to = index + by
    if (to < 0 || to >= blocks.length) return
    const next = blocks.slice()
    next.splice(to, 0, ...next.splice(index, 1))
    put(next, to)
    setSaid(t('{what} is now {place} of {all}', { what: nameOf(blocks[index]!), place: to + 1, all: blocks.length }))
    focusOn(to)
  }
  const add = (kind: BlockKind, at: number): void => {
    put(blocks.toSpliced(at, 0, newBlock(kind)), at)
    setSaid(t('{what} added', { what: t(blockWords[kind].label) }))
    focusOn(at)
  }
  const remove = (index: number): void => {
    const gone = blocks[index]!
    put(blocks.toSpliced(index, 1), Math.max(0, index - 1))
    toast(t('{what} removed', { what: nameOf(gone) }), { undo: () => put(blocks.slice(), index) })
    focusOn(Math.max(0, index - 1))
  }
  const keys = (e: KeyboardEvent, index: number): void => {
    if (!e.altKey || (e.key !== 'ArrowUp' && e.key !== 'ArrowDown')) return
    e.preventDefault()
    move(index, e.key === 'ArrowUp' ? -1 : 1)
  }
  return (
    <div>
      <Locked>{t('Head: the name of your shop, in your colour')}</Locked>
      <ol ref={list} className="my-2 space-y-2" aria-label={t('Blocks')}>
        {blocks.map((block, i) => {
          const { icon: Icon } = blockWords[block.kind]
          const isOpen = i === open
          return (
            // Blocks have no identity of their own: the place is what they are known by.
            // oxlint-disable-next-line react/no-array-index-key
            <li
              key={`${i} ${block.kind}`}
              className={cx('rounded-md border', isOpen ? 'border-line-strong' : 'border-line')}
            >
              <div className="flex items-center gap-1 pl-3 pr-1">
                <button
                  type="button"
                  data-block={i}
                  aria-expanded={isOpen}
                  aria-keyshortcuts="Alt+ArrowUp Alt+ArrowDown"
                  className="flex min-h-10 min-w-0 flex-1 items-center gap-2 text-left max-sm:min-h-11"
                  onClick={() => setOpen(isOpen ? -1 : i)}
                  onKeyDown={(e) => keys(e, i)}
                >
                  <Icon className="size-4 shrink-0 text-ink-2" aria-hidden />
                  <span className="font-medium">{nameOf(block)}</span>
                  {!isOpen && <span className="min-w-0 truncate text-sm text-ink-2">{summary(block)}</span>}
                </button>
                <IconButton
                  icon={ArrowUp}
                  look="quiet"
                  size="icon-sm"
                  disabled={i === 0}
                  label={t('Move {what} {place} up', { what: nameOf(block), place: i + 1 })}
                  onClick={() => move(i, -1)}
                />
                <IconButton
                  icon={ArrowDown}
                  look="quiet"
                  size="icon-sm"
                  disabled={i === blocks.length - 1}
                  label={t('Move {what} {place} down', { what: nameOf(block), place: i + 1 })}
                  onClick={() => move(i, 1)}
                />
                <span className="max-sm:hidden">
                  <IconButton
                    icon={Copy}
                    look="quiet"
                    size="icon-sm"
                    label={t('Copy {what} {place}', { what: nameOf(block), place: i + 1 })}
                    onClick={() => put(blocks.toSpliced(i + 1, 0, { ...block }), i + 1)}
                  />
                </span>
                <IconButton
                  icon={Trash2}
                  look="quiet"
                  size="icon-sm"
                  label={t('Remove {what} {place}', { what: nameOf(block), place: i + 1 })}
                  onClick={() => remove(i)}
                />
              </div>
              {isOpen && (
                <div className="space-y-3 border-t border-line p-3">
                  <BlockFields block={block} onChange={(next) => put(blocks.with(i, next), i)} />
                </div>
              )}
            </li>
          )
        })}
      </ol>
      <Menu
        align="start"
        trigger={
          <Button>
            <Plus aria-hidden />
            {t('Add a block')}
          </Button>
        }
        items={addable.map((kind) => ({
          label: t(blockWords[kind].label),
          detail: t(blockWords[kind].about),
          icon: blockWords[kind].icon,
          // Behind the one that is open: there the eyes are.
          onSelect: () => add(kind, open >= 0 && open < blocks.length ? open + 1 : blocks.length),
        }))}
      />
      <div className="mt-2">
        <Locked>{t('Footer: address, licence, 21+, unsubscribe and preferences. The law asks for it.')}</Locked>
      </div>
      <p role="status" className="sr-only">
        {said}
      </p>
    </div>
  )
}

function Locked({ children }: { children: string }) {
  return (
    <p className="flex items-center gap-2 rounded-md bg-sunken px-3 py-2 text-sm text-ink-2">
      <Lock className="size-3.5 shrink-0" aria-hidden />
      {children}
    </p>
  )
}

function summary(block: Block): string {
  switch (block.kind) {
    case 'heading':
    case 'text':
      return block.html.replace(/<[^>]+>/g, ' ').replace(/\{%.*?%\}/g, '')
    case 'image':
      return block.alt
    case 'button':
      return block.label
    case 'products':
      return block.title
    default:
      return ''
  }
}
