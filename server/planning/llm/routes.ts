import { llm, type LlmChange, type StoredLlm } from '#contract/llm.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../../audit.ts'
import type { Ctx } from '../../context.ts'
import { bind, type Routes } from '../../http/bind.ts'
import { InputError } from '../../http/errors.ts'
import { modelAddressFault } from '../../outbound-address.ts'
import { llmEndpoint, llmKeyContext, readLlm, shownLlm } from '../../llm-settings.ts'
import { encryptSecret } from '../../secrets.ts'
import { costMicros, finishCall, listCalls, questionHash, readSpent, reserveCall, tokensOf } from './calls.ts'

export const llmRoutes: Routes = (app, ctx) => {
  const shown = async () => shownLlm(ctx.config, await readLlm(ctx.pool), await readSpent(ctx))

  bind(app, ctx, llm.get, shown)
  bind(app, ctx, llm.update, async ({ body, actor }) => {
    await changeLlm(ctx, actor, body)
    return shown()
  })
  bind(app, ctx, llm.test, () => testModel(ctx))
  bind(app, ctx, llm.calls, async ({ query }) => {
    const { data, total, next } = await listCalls(ctx.pool, query)
    return { data, page: query.page, page_size: query.page_size, total, total_is_exact: true, next_cursor: next }
  })
}

/** Changes the stored settings; the key is written encrypted and never read back by anybody. */
async function changeLlm(ctx: Ctx, actor: Actor, { api_key, ...change }: LlmChange): Promise<void> {
  const fault = change.base_url
    ? modelAddressFault(change.base_url, { allowPrivate: ctx.config.privateAddresses.has('model') })
    : null
  if (fault) throw new InputError([{ path: 'base_url', message: fault }])
  if (change.base_url) change.base_url = change.base_url.replace(/\/+$/, '')
  await withTx(ctx.pool, async (tx) => {
    const before = await readLlm(tx)
    const moved = change.base_url !== undefined && change.base_url !== before.base_url
    const after: StoredLlm = {
      ...before,
      ...Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)),
      api_key_enc:
        api_key === undefined
          ? // A key belongs to its address: with a new one it must be entered again.
            moved
            ? null
            : before.api_key_enc
          : api_key === null
            ? null
            : encryptSecret(ctx.config, llmKeyContext, api_key),
    }
    await tx.query(
      `insert into settings (name, value, updated_by) values ('llm', $1, $2)
       on conflict (name) do update set value = excluded.value, updated_by = excluded.updated_by, updated_at = now()`,
      [JSON.stringify(after), actor.kind === 'user' ? actor.id : null],
    )
    await audit(tx, actor, {
      action: 'llm.changed',
      entity: 'setting',
      entityId: 'llm',
      before: withoutKey(before),
      after: withoutKey(after),
    })
  })
}

function withoutKey({ api_key_enc, ...settings }: StoredLlm): object {
  return { ...settings, has_key: api_key_enc !== null }
}

const question = {
  messages: [
    { role: 'system' as const, content: 'Answer with JSON only: {"ok":true}' },
    { role: 'user' as const, content: 'Are you there?' },
  ],
  schema: {
    name: 'test',
    schema: { type: 'object', additionalProperties: false, required: ['ok'], properties: { ok: { type: 'boolean' } } },
  },
  maxOutputTokens: 200,
}

/** One small question to the saved model, so that a wrong key or address is known before a plan needs it. */
async function testModel(ctx: Ctx): Promise<{ ok: boolean; detail: string; model: string | null; latency_ms: number }> {
  const settings = await readLlm(ctx.pool)
  const endpoint = llmEndpoint(ctx.config, settings)
  const no = (detail: string) => ({ ok: false, detail, model: null, latency_ms: 0 })
  if (!endpoint) return no('No language model is set up yet. Enter a key, or the address of your own server.')
  const letters = JSON.stringify(question).length
  const most = costMicros(settings, { inputTokens: tokensOf(letters), outputTokens: question.maxOutputTokens })
  const call = { purpose: 'test', jobId: null, endpoint, hash: questionHash(endpoint, question), round: 1 }
  const id = await reserveCall(ctx, call, most, settings.monthly_budget_cents)
  if (!id) return no('The budget of this month is used up.')
  const started = performance.now()
  const outcome = await ctx.llm.ask(endpoint, {
    ...question,
    timeoutMs: Math.min(30_000, settings.timeout_seconds * 1000),
    signal: new AbortController().signal,
  })
  const latencyMs = Math.round(performance.now() - started)
  const usage = ('usage' in outcome ? outcome.usage : null) ?? { inputTokens: tokensOf(letters), outputTokens: 0 }
  await finishCall(ctx, id, outcome, { usage, costMicros: costMicros(settings, usage), latencyMs })
  if (outcome.kind !== 'answered') return { ...no(outcome.detail), latency_ms: latencyMs }
  return {
    ok: true,
    detail: `It answered after ${(latencyMs / 1000).toFixed(1)} s.`,
    model: outcome.model,
    latency_ms: latencyMs,
  }
}
