import { t } from '../lib/i18n.ts'
import { Button } from './button.tsx'
import { useQuestion } from './confirm.tsx'
import { Dialog } from './dialog.tsx'

export default function ConfirmDialog() {
  const { question, answer } = useQuestion()
  if (!question) return null
  return (
    <Dialog
      open
      onClose={() => answer(false)}
      title={question.title}
      description={question.body}
      footer={
        <>
          <Button onClick={() => answer(false)}>{t('Cancel')}</Button>
          <Button look={question.tone === 'risk' ? 'risk' : 'primary'} onClick={() => answer(true)}>
            {question.action}
          </Button>
        </>
      }
    />
  )
}
