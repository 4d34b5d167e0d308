import { i18n } from '@lingui/core'
import { compileMessage } from '@lingui/message-utils/compileMessage'

const compiled = new Map<string, ReturnType<typeof compileMessage>>()

// English source strings are the ids, so they are compiled where they are used, once each.
i18n.setMessagesCompiler((message) => {
  let tokens = compiled.get(message)
  if (!tokens) {
    tokens = compileMessage(message)
    compiled.set(message, tokens)
  }
  return tokens
})
i18n.loadAndActivate({ locale: 'en', messages: {} })

/** The message in the user's language; ICU: `t('{count, plural, one {# customer} other {# customers}}', { count })`. */
export function t(message: string, values?: Record<string, unknown>): string {
  return values ? i18n._(message, values) : ((i18n.messages[message] as string | undefined) ?? message)
}
