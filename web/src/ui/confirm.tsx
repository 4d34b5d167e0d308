import { lazy, Suspense, type ReactNode } from 'react'
import { create } from 'zustand'

export interface Question {
  title: string
  body: ReactNode
  /** the button says what happens, with count and name: "Send to 847 people" */
  action: string
  tone?: 'risk'
}

export const useQuestion = create<{ question: Question | null; answer: (yes: boolean) => void }>(() => ({
  question: null,
  answer: () => undefined,
}))
const ConfirmDialog = lazy(() => import('./confirm-dialog.tsx'))

/** Asks before something that cannot be undone: `if (await confirm({...})) ...`. For the rest do it and offer Undo. */
export function confirm(question: Question): Promise<boolean> {
  return new Promise((resolve) => {
    useQuestion.setState({
      question,
      answer: (yes) => {
        useQuestion.setState({ question: null })
        resolve(yes)
      },
    })
  })
}

/** Mounted once, in the shell. */
export function ConfirmHost() {
  const asked = useQuestion((s) => s.question !== null)
  return asked ? (
    <Suspense>
      <ConfirmDialog />
    </Suspense>
  ) : null
}
