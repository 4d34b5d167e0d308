/** The data block of a prompt, as any model can read it. */
export interface PromptData {
  week: { day: string; weekday: string }[]
  limits: {
    messages_per_segment_and_week: number
    texts_per_segment_and_week: number
    channels: ('email' | 'sms')[]
    email_hours: { start: string; end: string }
    text_hours: { start: string; end: string }
  }
  store_states: string[]
  segments: {
    id: string
    label: string
    likes: string | null
    best_days: string[]
    hours: Record<'email' | 'sms', { start: string; end: string } | null>
    estimates: { offer: string; channel: 'email' | 'sms'; reach: number; margin_cents: number }[]
  }[]
  offers: { id: string; label: string; kind: string; is_discount: boolean; forbidden_in_states: string[] }[]
  fixed: { segment: string; day: string }[]
}

export function dataOf(messages: readonly { role: string; content: string }[]): PromptData | null {
  for (const { content } of messages) {
    const block = /<data>\n([\s\S]*?)\n<\/data>/.exec(content)?.[1]
    if (block) return JSON.parse(block) as PromptData
  }
  return null
}

export interface Entry {
  segment: string
  offer: string
  channel: string
  day: string
  start: string
  end: string
  reason: string
  copy: { subject: string; preheader: string; headline: string; body: string }
}

const words = {
  email: {
    subject: 'Worth a stop this week',
    preheader: 'A few bottles our staff would pour tonight.',
    headline: 'From our counter to your table',
    body: 'We set a few bottles aside that fit what you like. Stop by, and we will tell you the story behind each.',
  },
  sms: {
    subject: '',
    preheader: '',
    headline: '',
    body: 'New on the shelf, and close to what you like. Stop by this week.',
  },
}

/** A sensible plan: per segment the best that our own estimates leave, on its best days, within its hours. */
export function goodPlan(data: PromptData): Entry[] {
  const out: Entry[] = []
  for (const segment of data.segments) {
    const fixed = data.fixed.filter((f) => f.segment === segment.id)
    const days = segment.best_days.filter((day) => !fixed.some((f) => f.day === day))
    let texts = 0
    const used = new Set<string>()
    for (const e of segment.estimates) {
      const own = out.filter((o) => o.segment === segment.id).length
      const day = days[own]
      const hours = segment.hours[e.channel]
      if (own + fixed.length >= data.limits.messages_per_segment_and_week || !day || !hours || e.margin_cents <= 0)
        break
      if (used.has(e.offer)) continue
      if (e.channel === 'sms' && texts >= data.limits.texts_per_segment_and_week) continue
      if (e.channel === 'sms') texts++
      used.add(e.offer)
      out.push({
        segment: segment.id,
        offer: e.offer,
        channel: e.channel,
        day,
        start: hours.start,
        end: hours.end,
        reason: 'The estimates put it first for this group, on a day when it shops.',
        copy: words[e.channel],
      })
    }
  }
  return out
}
