import { lazy, Suspense, useState } from 'react'
import { useController, useWatch, type UseFormReturn } from 'react-hook-form'
import { blocksText, newBody, readBlocks, type Block } from '#core/delivery/blocks.ts'
import { t } from '../../../lib/i18n.ts'
import { Button } from '../../../ui/button.tsx'
import { confirm } from '../../../ui/confirm.tsx'
import { Loading, Skeleton } from '../../../ui/page.tsx'
import { Note } from '../../../ui/panel.tsx'
import { Tabs } from '../../../ui/tabs.tsx'
import type { TemplateForm } from '../template-form.ts'
import { BlockEditor } from './block-editor.tsx'
import { newBlock } from './block-words.ts'

const CodeEditor = lazy(() => import('./code-editor.tsx'))

/**
 * The body of an email: as blocks, or as code. The plain text follows the blocks as long as it says what they say;
 * whoever writes it by hand keeps it.
 */
export function BodyEditor({ form, may }: { form: UseFormReturn<TemplateForm>; may: boolean }) {
  const { field } = useController({
    control: form.control,
    name: 'body_mjml_template',
    rules: { required: t('Needed.') },
  })
  const mjml = field.value
  const text = useWatch({ control: form.control, name: 'body_text_template' })
  const read = readBlocks(mjml)
  const [view, setView] = useState<'blocks' | 'code'>(read ? 'blocks' : 'code')
  const put = (value: string): void => field.onChange(value)
  const putBlocks = (value: string, blocks: Block[]): void => {
    const follows = read !== null && blocksText(read.blocks) === text
    put(value)
    if (follows) form.setValue('body_text_template', blocksText(blocks), { shouldDirty: true })
  }
  const startOver = async (): Promise<void> => {
    const yes = await confirm({
      title: t('Start with blocks?'),
      body: t(
        'The code of now is replaced by a heading, a text, an offer and a button. Nothing is kept before you save.',
      ),
      action: t('Start with blocks'),
    })
    if (!yes) return
    put(newBody((['heading', 'text', 'offer', 'button'] as const).map(newBlock)))
    setView('blocks')
  }
  const error = form.formState.errors.body_mjml_template?.message
  const line = /^Line (\d+)/.exec(error ?? '')?.[1]
  return (
    <div>
      <p className="mb-1 font-medium">{t('Body')}</p>
      <Tabs
        label={t('Body')}
        value={view}
        onChange={setView}
        tabs={[
          { value: 'blocks', label: t('Blocks') },
          { value: 'code', label: t('Code') },
        ]}
      >
        {view === 'code' ? (
          <Suspense
            fallback={
              <Loading what={t('The code view')}>
                <Skeleton className="h-80" />
              </Loading>
            }
          >
            <CodeEditor
              label={t('Body, MJML')}
              value={mjml}
              onChange={put}
              faults={line ? [Number(line)] : none}
              readOnly={!may}
            />
            <p className="mt-1 text-sm text-ink-2">
              {t('MJML. Values stand in double braces, like {example}; they are always escaped.', {
                example: '{{ first_name }}',
              })}
            </p>
          </Suspense>
        ) : read ? (
          <>
            <BlockEditor mjml={mjml} onChange={putBlocks} />
            {blocksText(read.blocks) !== text && (
              <div className="mt-3 flex flex-wrap items-center gap-2 text-sm text-ink-2">
                <span className="min-w-0 flex-1 basis-60">
                  {t('The plain text below was written by hand and does not follow the blocks.')}
                </span>
                <Button
                  size="sm"
                  onClick={() => form.setValue('body_text_template', blocksText(read.blocks), { shouldDirty: true })}
                >
                  {t('Write it from the blocks')}
                </Button>
              </div>
            )}
          </>
        ) : (
          <Note tone="info" title={t('This body is laid out by hand')}>
            <p>
              {t(
                'It has several columns, or words between its parts, so it cannot be shown as blocks. Change it as code, or start anew.',
              )}
            </p>
            {may && (
              <p className="mt-2">
                <Button size="sm" onClick={() => void startOver()}>
                  {t('Start with blocks')}
                </Button>
              </p>
            )}
          </Note>
        )}
      </Tabs>
      {error && (
        <p role="alert" className="mt-1 text-sm text-risk">
          {error}
        </p>
      )}
    </div>
  )
}

const none: readonly number[] = []
