import type { Ctx } from '../context.ts'

const waiting = new WeakMap<Ctx, { campaigns: Set<string>; timer: NodeJS.Timeout }>()
const everyMs = 500

/** Tells open pages that figures changed: at most twice a second, however many hits come in. */
export function figuresChanged(ctx: Ctx, campaignId: string | null): void {
  let turn = waiting.get(ctx)
  if (!turn) {
    turn = {
      campaigns: new Set(),
      timer: setTimeout(() => {
        const campaigns = [...(waiting.get(ctx)?.campaigns ?? [])].slice(0, 20)
        waiting.delete(ctx)
        if (ctx.pool.ending) return
        ctx.bus
          .publish('analytics.changed', { campaigns })
          .catch((err: unknown) => ctx.log.debug({ err }, 'nobody was told'))
      }, everyMs),
    }
    turn.timer.unref()
    waiting.set(ctx, turn)
  }
  if (campaignId) turn.campaigns.add(campaignId)
}
