/**
 * Events that the product writes itself. A program may not report them: a made-up open or purchase would count as ours.
 * A test holds this list against the code that writes them.
 */
const ours = new Set([
  'sent',
  'accepted',
  'delivered',
  'deferred',
  'failed',
  'bounce',
  'complaint',
  'open',
  'open_hit',
  'click',
  'click_hit',
  'unsubscribe',
  'resubscribe',
  'subscribe',
  'preferences_changed',
  'purchase',
  'order',
  'order_cancelled',
  'conversion',
  'conversion_adjusted',
  'conversion_withdrawn',
  'segment_entered',
  'segment_left',
  'reply',
])

export const isOwnEvent = (type: string): boolean => ours.has(type)
