import { compilePlan, fillPlan, type MessagePlan, type TemplateSource } from '#core/delivery/plan.ts'
import type { OutgoingMessage } from '#core/delivery/message.ts'
import { compileTemplate, safeUrl, type Variables } from '#core/delivery/template.ts'
import type { StoreFacts } from '#core/delivery/footer.ts'
import type { ShopSettings } from '#contract/settings.ts'
import type { StoredChannels } from '#contract/channels.ts'
import { readChannels } from '../channel-settings.ts'
import type { Ctx } from '../context.ts'
import { readSetting } from '../settings.ts'
import { clickUrl, openUrl, preferencesUrl, unsubscribeUrl } from '../tokens.ts'
import { ensureLinks } from './links.ts'
import { starterColor } from '#core/delivery/blocks.ts'
import { readStores, type StoreBook } from './stores.ts'

/** What a send row must bring along. */
export interface SendToRender {
  id: string
  campaign_id: string | null
  recipient: string
  template_id: string | null
  variables: Variables
  store_id: string | null
}

/** A message that cannot be built: the send is at fault, the campaign goes on. */
export interface RenderFailure {
  failure: string
}

export interface Composer {
  compose(sends: readonly SendToRender[]): Promise<(OutgoingMessage | RenderFailure)[]>
}

interface Shop {
  settings: ShopSettings
  channels: StoredChannels
  stores: StoreBook
  readAt: number
}

interface Bound {
  plan: MessagePlan
  /** hole -> link id, or the address itself when it is not counted */
  holes: Map<string, { linkId: string | null; url: string }>
}

const shopMs = 3000

/** Builds messages; templates are compiled once per version and settings, links stored once per store. */
export function createComposer(ctx: Ctx): Composer {
  let shop: Shop | undefined
  const plans = new Map<string, MessagePlan | RenderFailure>()
  const bounds = new Map<string, Bound>()
  /** stores as text: the same few for a million messages */
  const written = new WeakMap<StoreFacts, string>()

  async function readShop(): Promise<Shop> {
    if (shop && Date.now() - shop.readAt < shopMs) return shop
    const [settings, channels] = await Promise.all([readSetting(ctx.pool, 'shop'), readChannels(ctx.pool)])
    const stores = await readStores(ctx.pool, settings)
    return (shop = { settings, channels, stores, readAt: Date.now() })
  }

  async function planFor(ids: readonly string[], now: Shop): Promise<Map<string, MessagePlan | RenderFailure>> {
    const { track_opens: trackOpens, track_clicks: trackClicks } = now.channels.email
    const keyOf = (id: string): string => `${id}|${trackOpens}|${trackClicks}|${now.settings.brand_color}`
    const missing = ids.filter((id) => !plans.has(keyOf(id)))
    if (missing.length > 0) {
      if (plans.size > 200) plans.clear()
      const templates = await readSources(ctx, missing)
      for (const id of missing) {
        const template = templates.get(id)
        try {
          plans.set(
            keyOf(id),
            template
              ? compilePlan(template, { trackOpens, trackClicks, brandColor: now.settings.brand_color, starterColor })
              : { failure: 'The template of this message no longer exists.' },
          )
        } catch (error) {
          plans.set(keyOf(id), { failure: (error as Error).message })
        }
      }
    }
    return new Map(ids.map((id) => [id, plans.get(keyOf(id))!]))
  }

  function boundKey(plan: MessagePlan, store: StoreFacts): string {
    let facts = written.get(store)
    if (facts === undefined) written.set(store, (facts = JSON.stringify(store)))
    return `${plan.template.id}|${plan.template.version}|${plan.links.length}|${facts}`
  }

  function boundOf(plan: MessagePlan, store: StoreFacts): Bound | null {
    const found = bounds.get(boundKey(plan, store))
    return found?.plan === plan ? found : null
  }

  async function bind(plan: MessagePlan, store: StoreFacts): Promise<Bound> {
    const targets = plan.links.map((link) => safeUrl(compileTemplate(link.source, 'line').render({ store })))
    const ids = await ensureLinks(ctx.pool, targets)
    const bound: Bound = {
      plan,
      holes: new Map(
        plan.links.map((link, i) => [link.name, { url: targets[i]!, linkId: ids.get(targets[i]!) ?? null }]),
      ),
    }
    if (bounds.size > 500) bounds.clear()
    bounds.set(boundKey(plan, store), bound)
    return bound
  }

  return {
    async compose(sends) {
      const now = await readShop()
      const { settings } = now
      const from = {
        name: settings.from_name,
        email: settings.from_email,
        replyTo: settings.reply_to,
        shopName: settings.name,
      }
      const byId = await planFor([...new Set(sends.flatMap((s) => (s.template_id ? [s.template_id] : [])))], now)
      const out: (OutgoingMessage | RenderFailure)[] = []
      for (const send of sends) {
        const plan = send.template_id ? byId.get(send.template_id) : undefined
        const chosen = send.variables['store_id']
        const store =
          now.stores.find(typeof chosen === 'string' ? chosen : send.store_id) ??
          (plan && !('failure' in plan) && plan.template.channel === 'sms' ? nameOnly(settings.name) : null)
        if (!plan) out.push({ failure: 'This message has no template.' })
        else if ('failure' in plan) out.push(plan)
        else if (!store)
          out.push({
            failure:
              'The shop has no store with a postal address; the law wants one in every message. Add it under Settings.',
          })
        else {
          const bound = boundOf(plan, store) ?? (await bind(plan, store))
          try {
            out.push(
              fillPlan(
                plan,
                {
                  sendId: send.id,
                  campaignId: send.campaign_id,
                  address: send.recipient,
                  variables: send.variables,
                  store,
                  links: addresses(ctx, send.id, bound),
                },
                from,
                ctx.clock(),
              ),
            )
          } catch (error) {
            out.push({ failure: (error as Error).message })
          }
        }
      }
      return out
    },
  }
}

// A text shows no postal address, so a shop without a store can send it.
function nameOnly(name: string): StoreFacts {
  return {
    name,
    legal_name: name,
    address: '',
    city: '',
    state: '',
    zip: '',
    licence_number: null,
    phone: null,
    url: '',
  }
}

function addresses(ctx: Ctx, sendId: string, bound: Bound): Record<string, string> {
  const { publicUrl, secret } = ctx.config
  const out: Record<string, string> = {}
  // A text has no room for links and offers STOP instead.
  if (bound.plan.template.channel === 'sms') return out
  out['unsubscribe'] = unsubscribeUrl(publicUrl, secret, sendId)
  out['preferences'] = preferencesUrl(publicUrl, secret, sendId)
  out['open'] = openUrl(publicUrl, secret, sendId)
  for (const [name, { linkId, url }] of bound.holes)
    out[name] = linkId ? clickUrl(publicUrl, secret, sendId, linkId) : url
  return out
}

async function readSources(ctx: Ctx, ids: readonly string[]): Promise<Map<string, TemplateSource>> {
  const { rows } = await ctx.pool.query<TemplateSource>(
    `select t.id, t.key, t.version, t.channel, t.subject_template, t.preheader_template, t.body_html_template, t.body_text_template
     from message_templates as t where t.id = any($1::uuid[])`,
    [ids],
  )
  return new Map(rows.map((row) => [row.id, row]))
}
