import type { ClientBase, Pool } from 'pg'
import { StoredLlm, type LlmSettings } from '#contract/llm.ts'
import type { Config } from './config.ts'
import type { LlmEndpoint } from './ports/llm.ts'
import { decryptSecret } from './secrets.ts'

/** Bound to the encrypted key, so that it works in no other field. */
export const llmKeyContext = 'llm.api_key'

/** Asked for when nobody chose another: small, cheap, and understood by most servers that imitate the provider. */
const usualModel = 'gpt-4.1-mini'

/** The stored settings of the language model with defaults; the key still encrypted. */
export async function readLlm(client: ClientBase | Pool): Promise<StoredLlm> {
  const { rows } = await client.query<{ value: unknown }>(
    `select settings.value from settings where settings.name = 'llm'`,
  )
  return StoredLlm.parse(rows[0]?.value ?? {})
}

interface Chosen {
  baseUrl: string | null
  /** the environment chose address or key; the settings' own then have no say */
  byEnvironment: boolean
  keyFrom: 'environment' | 'settings' | null
}

// A key goes only to the address it was entered for: the server's key never to an address typed into the settings, nor
// the other way round. Otherwise whoever may change one could read the other.
function chosen({ openai }: Pick<Config, 'openai'>, stored: StoredLlm): Chosen {
  if (openai.apiKey !== null || openai.baseUrl !== null)
    return { baseUrl: openai.baseUrl, byEnvironment: true, keyFrom: openai.apiKey === null ? null : 'environment' }
  return { baseUrl: stored.base_url, byEnvironment: false, keyFrom: stored.api_key_enc === null ? null : 'settings' }
}

/** Where to ask: the environment decides before the settings. Null: no model is set up. Throws when the key cannot be read. */
export function llmEndpoint(
  config: Pick<Config, 'openai' | 'secret' | 'encryptionKeys' | 'privateAddresses'>,
  stored: StoredLlm,
): LlmEndpoint | null {
  const { baseUrl, keyFrom, byEnvironment } = chosen(config, stored)
  if (!keyFrom && !baseUrl) return null
  const apiKey =
    keyFrom === 'environment'
      ? config.openai.apiKey
      : keyFrom === 'settings'
        ? decryptSecret(config, llmKeyContext, stored.api_key_enc!)
        : null
  return {
    baseUrl,
    apiKey,
    model: config.openai.model ?? stored.model ?? usualModel,
    // What the operator names may be anywhere; what somebody typed only where the operator allows it.
    allowPrivate: byEnvironment || config.privateAddresses.has('model'),
  }
}

/** As people may see it. */
export function shownLlm(
  config: Pick<Config, 'openai'>,
  stored: StoredLlm,
  spent: { micros: number; calls: number },
): LlmSettings {
  const { baseUrl, byEnvironment, keyFrom } = chosen(config, stored)
  return {
    ready: keyFrom !== null || baseUrl !== null,
    base_url: baseUrl,
    model: config.openai.model ?? stored.model ?? usualModel,
    has_key: keyFrom !== null,
    from_environment: { address: byEnvironment, model: config.openai.model !== null },
    monthly_budget_cents: stored.monthly_budget_cents,
    input_price: stored.input_price,
    output_price: stored.output_price,
    max_rounds: stored.max_rounds,
    timeout_seconds: stored.timeout_seconds,
    spent_micros: spent.micros,
    calls_this_month: spent.calls,
  }
}
